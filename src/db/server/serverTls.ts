import { readFile } from 'node:fs/promises'
import type { ConnectionOptions } from 'node:tls'
import type { ServerTls } from './serverLocation.ts'

/** What `node:tls` wants. Whether the name counts is said in each driver's own way. */
export async function tlsOptionsOf(tls: ServerTls): Promise<ConnectionOptions> {
  const [ca, cert, key] = await Promise.all([
    contentOf('CA', tls.caFile),
    contentOf('certificate', tls.certFile),
    contentOf('key', tls.keyFile),
  ])
  return {
    minVersion: 'TLSv1.2',
    rejectUnauthorized: tls.isCertificateChecked,
    ...(ca === undefined ? {} : { ca }),
    ...(cert === undefined ? {} : { cert }),
    ...(key === undefined ? {} : { key }),
  }
}

async function contentOf(what: string, file: string | undefined): Promise<Buffer | undefined> {
  if (file === undefined) return undefined
  try {
    return await readFile(file)
  } catch (error) {
    throw new Error(`the ${what} file ${file} of [database] connection cannot be read`, {
      cause: error,
    })
  }
}
