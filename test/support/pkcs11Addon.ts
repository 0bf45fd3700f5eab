import { execFile } from 'node:child_process'
import { existsSync } from 'node:fs'
import { mkdir, rename, rm, writeFile } from 'node:fs/promises'
import { arch } from 'node:os'
import { join, resolve } from 'node:path'
import { promisify } from 'node:util'

const VERSION = '2.1.7'
const ROOT = resolve(import.meta.dirname, '../..')

/**
 * pkcs11js in a folder of its own, compiled there the first time, as an operator does in an image
 * (docs/kek-stores/pkcs11.md). The headers come with the Node that is installed here: nothing but the
 * package is fetched.
 * @returns what [pkcs11] addon wants
 */
export async function pkcs11Addon(): Promise<string> {
  const folder = join(ROOT, `node_modules/.cache/pkcs11js-${VERSION}`)
  const addon = join(folder, 'node_modules/pkcs11js')
  if (existsSync(join(addon, 'build/Release/pkcs11.node'))) return addon
  const making = `${folder}.${process.pid}`
  await mkdir(making, { recursive: true })
  await writeFile(join(making, 'package.json'), '{ "private": true }\n')
  const headers = join(ROOT, `node_modules/node-linux-${arch()}`)
  await promisify(execFile)(
    'npm',
    ['install', '--ignore-scripts=false', '--no-audit', '--no-fund', `pkcs11js@${VERSION}`],
    { cwd: making, env: { ...process.env, npm_config_nodedir: headers } },
  )
  await rm(folder, { recursive: true, force: true })
  await rename(making, folder)
  return addon
}
