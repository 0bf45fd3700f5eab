/*
 * Reads what `strace -f -y` wrote of a process that says `ask N` and `ack N` on its standard output,
 * and tells which acknowledgements no flush of the log stands behind.
 */

export interface TraceFindings {
  readonly acknowledged: number
  /** Numbers of commands that were acknowledged without their bytes being flushed first. */
  readonly unflushed: readonly number[]
}

interface Call {
  readonly thread: string
  readonly name: string
  readonly file: string
  readonly text: string
}

const BEGINS = /^(\d+)\s+(\w+)\(\d+<([^>]*)>(.*)$/
const RESUMES = /^(\d+)\s+<\.\.\. (\w+) resumed>(.*)$/

/**
 * For each command: after it was asked for, bytes went to the log; after those, a flush of the log
 * began; and that flush had succeeded before the acknowledgement was written.
 */
export function readTrace(trace: string, logPath: string): TraceFindings {
  const underWay = new Map<string, Call>()
  const askedAt = new Map<number, number>()
  const unflushed: number[] = []
  let acknowledged = 0
  /** Where the latest write to the log began, and what the latest complete flush of it covers. */
  let writtenAt = -1
  let flushedUpTo = -1
  const flushBeganAt = new Map<string, number>()

  const began = (call: Call, at: number) => {
    if (call.file === logPath && call.name === 'pwrite64') writtenAt = at
    if (call.file === logPath && isFlush(call.name)) flushBeganAt.set(call.thread, writtenAt)
    const asked = saidNumber(call, 'ask')
    if (asked !== undefined) askedAt.set(asked, at)
    const acked = saidNumber(call, 'ack')
    if (acked === undefined) return
    acknowledged += 1
    if (flushedUpTo < (askedAt.get(acked) ?? Number.POSITIVE_INFINITY)) unflushed.push(acked)
  }
  const ended = (call: Call, result: string) => {
    if (call.file !== logPath || !isFlush(call.name) || !/= 0\b/.test(result)) return
    flushedUpTo = Math.max(flushedUpTo, flushBeganAt.get(call.thread) ?? -1)
  }

  trace.split('\n').forEach((line, at) => {
    const begin = BEGINS.exec(line)
    if (begin !== null) {
      const [, thread = '', name = '', file = '', text = ''] = begin
      const call = { thread, name, file, text }
      began(call, at)
      if (text.endsWith('<unfinished ...>')) underWay.set(thread, call)
      else ended(call, text)
      return
    }
    const resume = RESUMES.exec(line)
    const call = underWay.get(resume?.[1] ?? '')
    if (resume === null || call === undefined) return
    underWay.delete(call.thread)
    ended(call, resume[3] ?? '')
  })
  return { acknowledged, unflushed }
}

function isFlush(name: string): boolean {
  return name === 'fsync' || name === 'fdatasync'
}

function saidNumber(call: Call, verb: 'ask' | 'ack'): number | undefined {
  if (call.name !== 'write') return undefined
  const said = new RegExp(`"${verb} (\\d+)\\\\n"`).exec(call.text)
  return said?.[1] === undefined ? undefined : Number(said[1])
}
