import { createHash, createPrivateKey, type KeyObject, X509Certificate } from 'node:crypto'
import { readFile, stat } from 'node:fs/promises'

export interface CertificateFiles {
  readonly certFile: string
  readonly keyFile: string
  /** CAs of client certificates. */
  readonly caFile: string | undefined
}

/** What the files of one certificate held at one moment. */
export interface CertificateMaterial {
  readonly chain: readonly X509Certificate[]
  readonly key: KeyObject
  readonly clientCas: readonly X509Certificate[]
  /** As read, for OpenSSL. */
  readonly pem: { readonly cert: string; readonly key: string; readonly ca: string | undefined }
  /** The same files give the same text. */
  readonly digest: string
  /** May every user of this machine read the key? */
  readonly isKeyOpen: boolean
}

/** A file that cannot be used, in a sentence for whoever put it there. Holds nothing of its content. */
export class CertificateTrouble extends Error {
  constructor(message: string, options?: ErrorOptions) {
    super(message, options)
    this.name = 'CertificateTrouble'
  }
}

/** @throws CertificateTrouble */
export async function readCertificateFiles(files: CertificateFiles): Promise<CertificateMaterial> {
  const { certFile, keyFile, caFile } = files
  const cert = await readText(certFile)
  const key = await readText(keyFile)
  const ca = caFile === undefined ? undefined : await readText(caFile)
  return {
    chain: certificatesIn(cert, certFile),
    key: privateKeyIn(key, keyFile),
    clientCas: ca === undefined || caFile === undefined ? [] : certificatesIn(ca, caFile),
    pem: { cert, key, ca },
    digest: digestOf(cert, key, ca ?? ''),
    isKeyOpen: ((await stat(keyFile)).mode & 0o004) !== 0,
  }
}

async function readText(path: string): Promise<string> {
  try {
    return await readFile(path, 'utf8')
  } catch (cause) {
    const code = cause instanceof Error && 'code' in cause ? String(cause.code) : 'unknown error'
    throw new CertificateTrouble(`${path} cannot be read: ${code}.`, { cause })
  }
}

const CERTIFICATE =
  /-----BEGIN (?:TRUSTED |X509 )?CERTIFICATE-----[^-]+-----END (?:TRUSTED |X509 )?CERTIFICATE-----/g

function certificatesIn(pem: string, path: string): readonly X509Certificate[] {
  const texts = pem.match(CERTIFICATE) ?? []
  if (texts.length === 0) throw new CertificateTrouble(`${path} holds no certificate in PEM form.`)
  return texts.map((text, index) => {
    try {
      return new X509Certificate(text)
    } catch (cause) {
      throw new CertificateTrouble(`Certificate ${index + 1} in ${path} cannot be parsed.`, {
        cause,
      })
    }
  })
}

function privateKeyIn(pem: string, path: string): KeyObject {
  if (pem.includes('ENCRYPTED')) {
    throw new CertificateTrouble(
      `The key in ${path} is encrypted; it has to be without passphrase.`,
    )
  }
  try {
    return createPrivateKey(pem)
  } catch {
    // The reason would quote the file.
    throw new CertificateTrouble(`${path} holds no private key in PEM form.`)
  }
}

function digestOf(...texts: readonly string[]): string {
  const hash = createHash('sha256')
  for (const text of texts) hash.update(`${text.length}:`).update(text)
  return hash.digest('hex')
}
