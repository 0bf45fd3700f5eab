import { sep } from 'node:path'

/** What V8 writes with `--cpu-prof`, as far as it is read here. */
interface CpuProfile {
  readonly nodes: readonly ProfileNode[]
  readonly samples: readonly number[]
  readonly timeDeltas: readonly number[]
}

interface ProfileNode {
  readonly id: number
  readonly callFrame: {
    readonly functionName: string
    readonly url: string
    readonly lineNumber: number
  }
  readonly children?: readonly number[]
}

export interface Spent {
  /** A room of src/, a package, a part of Node. */
  readonly room: string
  readonly place: string
  readonly micros: number
}

/** Where the thread was in the last seconds, without the time it waited. Native code counts for who called it. */
export function spentIn(json: string, root: string, lastSeconds: number): readonly Spent[] {
  const { nodes, samples, timeDeltas } = JSON.parse(json) as CpuProfile
  const parents = new Map(
    nodes.flatMap(({ id, children = [] }) => children.map((child) => [child, id] as const)),
  )
  const byId = new Map(nodes.map((node) => [node.id, node]))
  const placeOf = new Map<number, Omit<Spent, 'micros'>>()
  const place = (id: number): Omit<Spent, 'micros'> => {
    const known = placeOf.get(id)
    if (known !== undefined) return known
    const found = locate(byId, parents, id, root)
    placeOf.set(id, found)
    return found
  }
  const micros = new Map<string, Spent>()
  let leftMicros = timeDeltas.reduce((sum, delta) => sum + delta, 0)
  for (const [index, id] of samples.entries()) {
    leftMicros -= timeDeltas[index] ?? 0
    if (leftMicros > lastSeconds * 1e6) continue
    const { room, place: name } = place(id)
    if (room === 'idle') continue
    const key = `${room} ${name}`
    const before = micros.get(key)?.micros ?? 0
    micros.set(key, { room, place: name, micros: before + (timeDeltas[index] ?? 0) })
  }
  return [...micros.values()].toSorted((a, b) => b.micros - a.micros)
}

function locate(
  byId: ReadonlyMap<number, ProfileNode>,
  parents: ReadonlyMap<number, number>,
  id: number,
  root: string,
): Omit<Spent, 'micros'> {
  const own = byId.get(id)?.callFrame
  const name = own?.functionName === '' ? '(anonymous)' : (own?.functionName ?? '')
  if (name === '(idle)') return { room: 'idle', place: name }
  if (name === '(garbage collector)') return { room: 'garbage collection', place: name }
  if (name === '(program)') return { room: 'event loop, kernel', place: name }
  for (let at: number | undefined = id; at !== undefined; at = parents.get(at)) {
    const frame = byId.get(at)?.callFrame
    if (frame === undefined || frame.url === '') continue
    const room = roomOf(frame.url, root)
    const where = `${frame.functionName || '(anonymous)'} ${tail(frame.url)}:${frame.lineNumber + 1}`
    return { room, place: at === id ? where : `${name} < ${where}` }
  }
  return { room: 'event loop, kernel', place: name }
}

function roomOf(url: string, root: string): string {
  if (url.startsWith('node:')) return nodeRoom(url)
  const path = url.replace('file://', '')
  const packages = path.split(`${sep}node_modules${sep}`)
  const inPackage = packages.length > 1 ? packages.at(-1) : undefined
  if (inPackage !== undefined) {
    const [scope = '', name = ''] = inPackage.split(sep)
    return scope.startsWith('@') ? `${scope}/${name}` : scope
  }
  const [, room = '', next = ''] = path.replace(`${root}${sep}`, '').split(sep)
  return next === '' ? 'src' : `src/${room}`
}

function nodeRoom(url: string): string {
  if (url.includes('http')) return 'node: http'
  if (/net|stream/.test(url)) return 'node: sockets and streams'
  if (url.includes('crypto')) return 'node: crypto'
  if (/timers|task_queues|async_hooks|promises/.test(url)) return 'node: timers, ticks, promises'
  if (url.includes('buffer')) return 'node: buffer'
  return 'node: other'
}

function tail(url: string): string {
  return url.split('/').slice(-2).join('/')
}
