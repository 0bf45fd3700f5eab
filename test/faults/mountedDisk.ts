import { execFileSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

/*
 * Disks of a test's own, to fill and to break. They want the right to mount: where it is missing, the
 * tests that need them say so and are skipped.
 */

interface CleansUp {
  after(work: () => void): unknown
}

export interface MountedDisk {
  /** Where it is mounted. */
  readonly folder: string
  mount(): void
  /** Takes it out of the tree at once; who holds files open keeps them. */
  detach(): void
  /** The file system stops taking writes, as after an I/O error: open files included. */
  abort(): void
}

function run(command: string, ...args: readonly string[]): void {
  execFileSync(command, args, { stdio: ['ignore', 'ignore', 'pipe'] })
}

function canMount(): boolean {
  const folder = mkdtempSync(join(tmpdir(), 'gatehouse-mount-'))
  try {
    run('mount', '-t', 'tmpfs', '-o', 'size=64k', 'tmpfs', folder)
    run('umount', folder)
    return true
  } catch {
    return false
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}

function canLoop(): boolean {
  try {
    run('losetup', '-f')
    run('mkfs.ext4', '-V')
    return canMount()
  } catch {
    return false
  }
}

export const NEEDS_MOUNT = canMount() ? false : 'needs the right to mount a tmpfs (root)'
export const NEEDS_LOOP = canLoop()
  ? false
  : 'needs the right to mount, a loop device and mkfs.ext4'

function scratch(t: CleansUp, disk: (folder: string, image: string) => MountedDisk): MountedDisk {
  const parent = mkdtempSync(join(tmpdir(), 'gatehouse-disk-'))
  const folder = join(parent, 'disk')
  mkdirSync(folder)
  const made = disk(folder, join(parent, 'image'))
  made.mount()
  t.after(() => {
    try {
      made.detach()
    } catch {
      // The test left it detached.
    }
    rmSync(parent, { recursive: true, force: true })
  })
  return made
}

/** A small disk in memory. */
export function smallDisk(t: CleansUp, kibibytes: number): MountedDisk {
  return scratch(t, (folder) => ({
    folder,
    mount: () => run('mount', '-t', 'tmpfs', '-o', `size=${kibibytes}k`, 'tmpfs', folder),
    detach: () => run('umount', '-l', folder),
    abort: () => {
      throw new Error('A tmpfs does not break.')
    },
  }))
}

/** The same at a given place, for a user. */
export function smallDiskAt(t: CleansUp, folder: string, user: string, kibibytes: number): void {
  mkdirSync(folder)
  const owned = `size=${kibibytes}k,uid=${idOf('-u', user)},gid=${idOf('-g', user)},mode=0700`
  run('mount', '-t', 'tmpfs', '-o', owned, 'tmpfs', folder)
  t.after(() => run('umount', '-l', folder))
}

function idOf(flag: '-u' | '-g', user: string): string {
  return execFileSync('id', [flag, user], { encoding: 'utf8' }).trim()
}

/** A disk that can break: ext4 in a file. */
export function breakableDisk(t: CleansUp, mebibytes: number): MountedDisk {
  return scratch(t, (folder, image) => {
    run('truncate', '-s', `${mebibytes}M`, image)
    run('mkfs.ext4', '-q', '-F', image)
    return {
      folder,
      mount: () => run('mount', '-o', 'loop', image, folder),
      detach: () => run('umount', '-l', folder),
      abort: () => run('mount', '-o', 'remount,abort', folder),
    }
  })
}

/** Puts a read-only view of a folder over it: what is opened from now on cannot be written. */
export function readOnlyView(folder: string): { lift(): void } {
  run('mount', '--bind', folder, folder)
  run('mount', '-o', 'remount,ro,bind', folder)
  return { lift: () => run('umount', folder) }
}
