import { setTimeout as delay } from 'node:timers/promises'
import { asJson, type CompareOptions, compare, type Discrepancy, type Worlds } from './compare.ts'
import { exchange, type Heard, type Person, type Question } from './exchange.ts'
import { Identities } from './identities.ts'

export interface Ask extends CompareOptions {
  readonly by?: Person | undefined
  readonly headers?: Readonly<Record<string, string>>
  /** Sent as JSON, with its Content-Type unless `headers` has one. */
  readonly json?: unknown
  readonly body?: string | Buffer
  /** Asks again until the answer of each side says this: what one does at once the other may do later. */
  readonly until?: RegExp
}

/** More patience than a key pair takes on a busy machine. */
const PATIENCE_MS = 30_000

export interface Pair {
  readonly scenario: string
  readonly question: Question
  readonly theirs: Heard
  readonly ours: Heard
  readonly discrepancies: readonly Discrepancy[]
}

/** What Barbican answered; its ids are the ones a scenario goes on with. */
export interface Reply {
  readonly status: number
  readonly json: Record<string, unknown>
  /** The path below the base of what was made, or nothing where one of the two made none. */
  readonly made: string | undefined
  /** Both did the same: what was asked about is still in the same state on both sides. */
  readonly isShared: boolean
}

/** A Barbican and a Gatehouse that hear the same things, and the record of what they said. */
export class Twins {
  readonly pairs: Pair[] = []
  readonly #worlds: Worlds
  readonly #changes = new Map<string, readonly [unknown, unknown]>()
  #scenario = ''
  #by: Person | undefined

  constructor(theirBase: string, ourBase: string) {
    this.#worlds = { theirBase, ourBase, identities: new Identities() }
  }

  get base(): string {
    return this.#worlds.theirBase
  }

  /** From here on: who asks unless said otherwise, and what the pairs are recorded as. */
  enter(scenario: string, by: Person): void {
    this.#scenario = scenario
    this.#by = by
  }

  async ask(line: string, options: Ask = {}): Promise<Reply> {
    const { theirBase, ourBase } = this.#worlds
    const question = this.#question(line, options)
    const [theirs, ours] = await Promise.all([
      heard(theirBase, question, options.until),
      heard(ourBase, this.#translated(question), options.until),
    ])
    const discrepancies = [
      ...compare(theirs, ours, this.#worlds, options),
      ...this.#changed(question, theirs, ours),
    ]
    this.pairs.push({ scenario: this.#scenario, question, theirs, ours, discrepancies })
    const location = theirs.headers.location
    return {
      status: theirs.status,
      json: asObject(theirs),
      made:
        theirs.status === ours.status && location?.startsWith(theirBase) === true
          ? location.slice(theirBase.length)
          : undefined,
      isShared: theirs.status === ours.status,
    }
  }

  /** A request that has to make something on both sides, or the rest of the scenario proves nothing. */
  async make(line: string, options: Ask = {}): Promise<string> {
    const reply = await this.ask(line, options)
    if (reply.made === undefined)
      throw new Error(`${line} made nothing: ${JSON.stringify(this.pairs.at(-1)?.discrepancies)}`)
    return reply.made
  }

  #question(line: string, { by = this.#by, headers = {}, json, body }: Ask): Question {
    const blank = line.indexOf(' ')
    const typed = json === undefined ? {} : { 'Content-Type': 'application/json' }
    const bytes = body ?? (json === undefined ? undefined : JSON.stringify(json))
    const isTyped = Object.keys(headers).some((name) => name.toLowerCase() === 'content-type')
    return {
      method: line.slice(0, blank),
      path: line.slice(blank + 1),
      by,
      headers: isTyped ? headers : { ...typed, ...headers },
      body: bytes === undefined ? undefined : Buffer.from(bytes),
    }
  }

  #translated(question: Question): Question {
    const { theirBase, ourBase, identities } = this.#worlds
    const say = (text: string): string => identities.translated(text, theirBase, ourBase)
    const { body } = question
    return {
      ...question,
      path: say(question.path),
      // Bytes that are no text survive as Latin-1, and ids are ASCII.
      body: body === undefined ? undefined : Buffer.from(say(body.toString('latin1')), 'latin1'),
    }
  }

  /** Whether `updated` moved since this was read last: on both sides, or on neither. */
  #changed({ method, path }: Question, theirs: Heard, ours: Heard): readonly Discrepancy[] {
    if (method !== 'GET' || theirs.status !== 200 || ours.status !== 200) return []
    const now = [asObject(theirs)['updated'], asObject(ours)['updated']] as const
    const before = this.#changes.get(path)
    if (now[0] === undefined) return []
    this.#changes.set(path, now)
    if (before === undefined) return []
    const [left, right] = [before[0] !== now[0], before[1] !== now[1]]
    return left === right
      ? []
      : [{ where: 'updated moved', theirs: String(left), ours: String(right) }]
  }
}

const heard = async (
  base: string,
  question: Question,
  until: RegExp | undefined,
): Promise<Heard> => {
  const deadline = performance.now() + PATIENCE_MS
  for (;;) {
    const answer = await exchange(base, question)
    const isDone = answer.status !== 200 || until?.test(answer.body.toString('utf8')) !== false
    if (isDone || performance.now() > deadline) return answer
    await delay(50)
  }
}

const asObject = (heard: Heard): Record<string, unknown> => {
  const parsed = asJson(heard)
  return typeof parsed === 'object' && parsed !== null ? (parsed as Record<string, unknown>) : {}
}
