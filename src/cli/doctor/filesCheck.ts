import { type FileHandle, open, stat, statfs } from 'node:fs/promises'
import { parseDatabaseUrl } from '../../db/databaseLocation.ts'
import { codeOf } from './codeOf.ts'
import { type Check, error, type Finding, fine, type Patient, warning } from './finding.ts'
import { namedFiles } from './namedFiles.ts'

const MIB = 1024 * 1024
const LITTLE_BYTES = 1024 * MIB
const TOO_LITTLE_BYTES = 64 * MIB
const WORLD = 0o007
const OTHERS = 0o077
const MOST_BYTES = MIB

/** The folder that holds database and keys, and whatever else the settings keep secrets in. */
export const filesCheck: Check = {
  name: 'files',
  async look(patient) {
    const { state_path: statePath } = patient.settings.DEFAULT
    const folder = await stat(statePath).catch(codeOf)
    if (typeof folder === 'string') return [missingFolder(statePath, folder)]
    return [
      ...folderFindings(statePath, folder.mode),
      await roomIn(statePath),
      ...(await secretFiles(patient, folder.uid)),
    ]
  },
}

function missingFolder(path: string, code: string): Finding {
  return code === 'ENOENT'
    ? warning(
        `The state folder ${path} is not there.`,
        'The first `gatehouse serve` makes it; where one has served before, mount or restore it, or correct [DEFAULT] state_path.',
      )
    : error(
        `The state folder ${path} cannot be looked at: ${code}.`,
        'Run this as the user that the server runs as.',
      )
}

function folderFindings(path: string, mode: number): readonly Finding[] {
  if ((mode & WORLD) === 0) return []
  return [
    error(
      `The state folder ${path} is open to every user of this machine (mode ${octal(mode)}).`,
      `chmod 0700 ${path}`,
    ),
  ]
}

async function roomIn(path: string): Promise<Finding> {
  const { bavail, bsize } = await statfs(path)
  const free = bavail * bsize
  const what = `${Math.floor(free / MIB)} MiB are free at ${path}.`
  if (free >= LITTLE_BYTES) return fine(what)
  const todo = 'Make room: a full disk answers every write with 503.'
  return free < TOO_LITTLE_BYTES ? error(what, todo) : warning(what, todo)
}

async function secretFiles(patient: Patient, folderOwner: number): Promise<readonly Finding[]> {
  const findings: Finding[] = []
  let looked = 0
  for (const { label, path, isSecret } of filesOf(patient)) {
    const found = await lookAt(path)
    if (found === 'ENOENT') continue
    if (typeof found === 'string') {
      const todo = 'Run this as the user that the server runs as, or let that user read it.'
      findings.push(error(`${label} ${path} cannot be read: ${found}.`, todo))
      continue
    }
    if (!isSecret && !found.holdsPrivateKey) continue
    looked += 1
    findings.push(...modeFindings(label, path, found.mode))
    if (found.uid !== folderOwner && found.uid !== 0) {
      const what = `${label} ${path} belongs to user ${found.uid}; the state folder belongs to ${folderOwner}.`
      findings.push(warning(what, `chown ${folderOwner} ${path}, if the server is to read it.`))
    }
  }
  if (findings.length === 0)
    findings.push(fine(`${looked} files with secrets are closed to others.`))
  return findings
}

function modeFindings(label: string, path: string, mode: number): readonly Finding[] {
  if ((mode & OTHERS) === 0) return []
  const what = `${label} ${path} is open to other users (mode ${octal(mode)}).`
  const todo = `chmod 0600 ${path}; where others may have read it, replace what it holds.`
  return [(mode & WORLD) === 0 ? warning(what, todo) : error(what, todo)]
}

interface SecretFile {
  readonly label: string
  readonly path: string
  readonly isSecret: boolean
}

function filesOf(patient: Patient): readonly SecretFile[] {
  const location = parseDatabaseUrl(patient.settings.database.connection)
  const database =
    location.kind === 'sqlite'
      ? ['', '-wal', '-shm'].map((suffix) => `${location.path}${suffix}`)
      : [location.tls?.keyFile ?? '']
  return [
    ...database
      .filter((path) => path !== '')
      .map((path) => ({ label: 'The database', path, isSecret: true })),
    ...namedFiles(patient.loaded),
  ]
}

/** The file as a process that opens it finds it, or why it cannot. */
async function lookAt(path: string) {
  let file: FileHandle
  try {
    file = await open(path, 'r')
  } catch (cause) {
    return codeOf(cause)
  }
  try {
    const { mode, uid, size } = await file.stat()
    const bytes = Buffer.alloc(Math.min(size, MOST_BYTES))
    await file.read(bytes, 0, bytes.length, 0)
    const holdsPrivateKey = bytes.includes('PRIVATE KEY-----')
    bytes.fill(0)
    return { mode, uid, holdsPrivateKey }
  } catch (cause) {
    return codeOf(cause)
  } finally {
    await file.close()
  }
}

function octal(mode: number): string {
  return (mode & 0o777).toString(8).padStart(4, '0')
}
