import assert from 'node:assert/strict'
import { setTimeout as delay } from 'node:timers/promises'
import { ACTORS, type Example, requestHeaders } from '../../api-ref/writer/example.ts'
import type { Door } from './door.ts'
import type { DoorAnswer } from './doorAnswer.ts'
import type { Caller } from './doorCaller.ts'

const UUID = /[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}/g
const TIME = /\d{4}-\d\d-\d\d[T ]\d\d:\d\d:\d\d(\.\d{6})?/g
/** As in the examples; the host of an answer says nothing about what it shows. */
const PROJECT = 'a3f1c2d4e5b64788990a1b2c3d4e5f60'
/** Headers that every answer has, or that speak of the connection: an example leaves them out. */
const NOT_SHOWN = new Set([
  ...['x-openstack-request-id', 'openstack-api-version', 'vary'],
  ...['date', 'connection', 'keep-alive', 'content-length', 'transfer-encoding'],
])

/** Sends the examples of one page in their order, and holds each answer to what is written. */
export class ExampleReplay {
  readonly #door: Door
  /** The id in the examples, and the one that stands for it here. */
  readonly #ids = new Map<string, string>()
  readonly #etags = new Map<string, string>()

  constructor(door: Door) {
    this.#door = door
  }

  async replay(example: Example): Promise<DoorAnswer> {
    const [method = '', path = ''] = this.#here(example.request).split(' ')
    if (path.includes('/consumers/')) this.#learnConsumer(example.request, path)
    const body = example.body === undefined ? {} : { body: this.#bodyHere(example.body) }
    const request = { headers: this.#headersHere(example), ...body }
    const ask = (): Promise<DoorAnswer> =>
      this.#caller(example).ask(method, this.#here(example.request).split(' ')[1] ?? '', request)
    let answer = await ask()
    const until = performance.now() + 60_000
    while (example.waits === true && answer.json['status'] === 'PENDING') {
      assert.ok(performance.now() < until, `${example.title}: still PENDING`)
      await delay(10)
      answer = await ask()
    }
    this.#compare(example, answer)
    return answer
  }

  #caller({ by = 'creator' }: Example): Caller {
    return by === 'nobody' ? this.#door.nobody : this.#door.as({ project: PROJECT, ...ACTORS[by] })
  }

  #compare(example: Example, answer: DoorAnswer): void {
    const where = `${example.title}: ${example.request}`
    assert.equal(answer.status, example.status, `${where} ${answer.text}`)
    const isJson = answer.headers['content-type'] === 'application/json'
    const json: unknown = isJson ? JSON.parse(answer.text) : undefined
    const body = answer.bytes.length === 0 ? undefined : isJson ? json : answer.text
    this.#assertSame(abridged(body, example), example.answer, where)
    const shown = Object.entries(answer.headers).filter(
      ([name]) => !NOT_SHOWN.has(name) && !(isJson && name === 'content-type'),
    )
    const wanted = lowered(example.answerHeaders ?? {})
    const compared = shown.filter(([name]) => !(example.isAbridged && name === 'etag'))
    assert.deepEqual(
      compared.map(([name]) => name).toSorted(),
      Object.keys(wanted).toSorted(),
      where,
    )
    this.#etags.set(wanted['etag'] ?? '', answer.headers['etag'] ?? '')
    for (const [name, value] of compared) this.#assertSame(value, wanted[name], `${where} ${name}`)
  }

  /** The same shape and words; an id may be another, if it is the same other everywhere. */
  #assertSame(actual: unknown, written: unknown, where: string): void {
    const ids = idsOf(written)
    for (const [index, id] of idsOf(actual).entries()) {
      const example = ids[index]
      if (example === undefined || this.#ids.has(example)) continue
      assert.ok(![...this.#ids.values()].includes(id), `${where} names ${id} a second time`)
      this.#ids.set(example, id)
    }
    assert.deepEqual(timeless(actual), timeless(this.#bodyHere(written)), where)
  }

  /** An ETag holds a time, and has to be the one that was given here. */
  #headersHere(example: Example): Readonly<Record<string, string>> {
    const headers = lowered(requestHeaders(example))
    const etag = this.#etags.get(headers['if-none-match'] ?? '')
    return etag === undefined ? headers : { ...headers, 'if-none-match': etag }
  }

  #bodyHere(value: unknown): unknown {
    if (value === undefined) return undefined
    return JSON.parse(this.#here(JSON.stringify(value)))
  }

  #here(text: string): string {
    return text.replace(UUID, (id) => this.#ids.get(id) ?? id)
  }

  /** The API shows ids of consumers nowhere. */
  #learnConsumer(written: string, path: string): void {
    const id = idsOf(written).at(-1) ?? ''
    const table = path.startsWith('/v1/secrets/') ? 'secret_consumers' : 'container_consumers'
    const [row] = this.#door.execute(`select id from ${table}`)
    if (!this.#ids.has(id)) this.#ids.set(id, String(row?.['id']))
  }
}

function idsOf(value: unknown): readonly string[] {
  return (JSON.stringify(value) ?? '').match(UUID) ?? []
}

function timeless(value: unknown): unknown {
  return value === undefined ? undefined : JSON.parse(JSON.stringify(value).replace(TIME, 'a time'))
}

function abridged(body: unknown, { isAbridged, answer }: Example): unknown {
  if (isAbridged !== true || typeof body !== 'object' || body === null) return body
  const keys = Object.keys(answer as object)
  return Object.fromEntries(Object.entries(body).filter(([key]) => keys.includes(key)))
}

function lowered(headers: Readonly<Record<string, string>>): Readonly<Record<string, string>> {
  return Object.fromEntries(
    Object.entries(headers).map(([name, value]) => [name.toLowerCase(), value]),
  )
}
