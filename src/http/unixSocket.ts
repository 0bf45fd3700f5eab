import { chmod, chown, lstat, readFile, rm } from 'node:fs/promises'
import { connect } from 'node:net'
import { StartupRefusal } from '../lib/startupRefusal.ts'

/** Who may connect: whoever may write the socket. */
export interface SocketAccess {
  readonly mode: number
  /** A name or a number; undefined: as the process has it. */
  readonly owner: string | undefined
  readonly group: string | undefined
}

export const OWNER_ONLY: SocketAccess = { mode: 0o600, owner: undefined, group: undefined }

/** A killed process leaves its socket behind; one that somebody answers is not ours to remove. */
export async function removeDeadSocket(path: string, option = 'bind_host'): Promise<void> {
  const found = await lstat(path).catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return undefined
    throw error
  })
  if (found === undefined) return
  if (!found.isSocket()) {
    throw new StartupRefusal(
      `${path} is there and is no socket: move it away, or set another ${option}.`,
    )
  }
  if (!(await isDead(path))) {
    throw Object.assign(new Error(`${path} is in use`), { code: 'EADDRINUSE', address: path })
  }
  await rm(path, { force: true })
}

/** Refused is what the kernel says when nobody listens; one who is busy or not for us is alive. */
function isDead(path: string): Promise<boolean> {
  return new Promise((resolve) => {
    const probe = connect(path)
    probe.once('connect', () => {
      probe.destroy()
      resolve(false)
    })
    probe.once('error', (error: NodeJS.ErrnoException) => resolve(error.code === 'ECONNREFUSED'))
  })
}

/** Runs what binds a socket, so that nobody else can connect before its mode is set. */
export function bindingPrivately<T>(bind: () => T): T {
  const before = process.umask(0o177)
  try {
    return bind()
  } finally {
    process.umask(before)
  }
}

/** The group first, the mode last: it opens to whom it is meant for and to nobody in between. */
export async function grantAccess(
  path: string,
  { mode, owner, group }: SocketAccess,
): Promise<void> {
  if (owner !== undefined || group !== undefined) {
    const uid = owner === undefined ? -1 : await idOf(owner, '/etc/passwd', 'socket_owner')
    const gid = group === undefined ? -1 : await idOf(group, '/etc/group', 'socket_group')
    await chown(path, uid, gid).catch((cause: NodeJS.ErrnoException) => {
      throw new StartupRefusal(
        `${path} cannot be given to ${[owner, group].filter((it) => it !== undefined).join(':')} (${cause.code}): ` +
          'a process may give a socket to groups it is in, and only root to other users.',
        { cause },
      )
    })
  }
  await chmod(path, mode)
}

async function idOf(name: string, table: string, option: string): Promise<number> {
  if (/^\d+$/.test(name)) return Number(name)
  const lines = (await readFile(table, 'utf8')).split('\n').map((line) => line.split(':'))
  const id = lines.find(([known]) => known === name)?.[2]
  if (id === undefined) {
    throw new StartupRefusal(
      `[listener] ${option} is ${name}, which ${table} does not have: write its number.`,
    )
  }
  return Number(id)
}
