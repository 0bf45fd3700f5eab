import { spawn } from 'node:child_process'
import { createInterface } from 'node:readline'
import type { TestContext } from 'node:test'

interface Told {
  readonly begun?: string
  readonly ended?: string
  readonly error?: string | null
  readonly told?: number
}

const withoutStack = (message: string): Error => {
  const error = new Error(message)
  // The stack that matters is the program's and stands in the message.
  error.stack = message
  return error
}

export interface ClaimsProgram {
  readonly name: string
  readonly command: string
  readonly args: readonly string[]
  readonly cloud: object
}

/** Runs a program of claims, which it tells in JSON lines; each claim becomes a test of its own. */
export const claimsOf = async (
  t: TestContext,
  { name, command, args, cloud }: ClaimsProgram,
): Promise<void> => {
  const child = spawn(command, [...args], {
    env: {
      ...process.env,
      PEERS_CLOUD: JSON.stringify(cloud),
      PYTHONDONTWRITEBYTECODE: '1',
      no_proxy: '127.0.0.1,localhost',
    },
    stdio: ['ignore', 'pipe', 'pipe'],
    signal: t.signal,
  })
  const { promise: exited, resolve } = Promise.withResolvers<number | null>()
  child.once('error', () => resolve(null))
  child.once('close', (code) => resolve(code))
  const kill = (): void => void child.kill('SIGKILL')
  process.once('exit', kill)
  let complaints = ''
  child.stderr.setEncoding('utf8').on('data', (chunk: string) => {
    complaints = (complaints + chunk).slice(-8000)
  })
  let seen = 0
  let told: number | undefined
  let open: { readonly test: Promise<void>; readonly end: PromiseWithResolvers<void> } | undefined
  for await (const line of createInterface({ input: child.stdout })) {
    const { begun, ended, error, told: count } = JSON.parse(line) as Told
    told = count ?? told
    if (begun !== undefined) {
      const end = Promise.withResolvers<void>()
      open = { test: t.test(begun, async () => end.promise), end }
    }
    if (ended === undefined || open === undefined) continue
    seen++
    if (typeof error === 'string') open.end.reject(withoutStack(error))
    else open.end.resolve()
    await open.test
    open = undefined
  }
  open?.end.reject(withoutStack(`${name} ended before this claim did`))
  await open?.test
  const code = await exited
  process.off('exit', kill)
  // A program that dies on the way has told less than it knew.
  if (code !== 0 || told !== seen || seen === 0)
    throw withoutStack(`${name} ended with ${code} after ${seen} claims:\n${complaints}`)
}
