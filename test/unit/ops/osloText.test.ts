import assert from 'node:assert/strict'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { openLog } from '../../../src/ops/log.ts'
import { OSLO_FORMS, type OsloForms, osloWriter } from '../../../src/ops/osloText.ts'
import { anyCharacter } from '../../support/anyCharacter.ts'

/** Time, process, level and logger, as collectors of OpenStack's logs take a line apart. */
const HEAD = /^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d\.\d{3} \d+ [A-Z]+ [\w.]+ /
/** The same, and a request: global id, id, user, project, and four about domains. */
const REQUEST =
  /^(?<day>\S+) (?<time>\S+) (?<pid>\d+) (?<level>\S+) (?<name>\S+) \[(?<global>None|req-\S+) (?<id>None|req-\S+) (?<user>\S+) (?<project>\S+) - - - -\] (?<said>.*)$/

const access = {
  level: 'info',
  time: '2026-11-22T12:00:00.007Z',
  message: 'request',
  method: 'GET',
  route: '/v1/secrets/{secret_id}',
  status: 200,
  requestId: 'req-1',
  globalRequestId: null,
  project: 'demo',
  user: 'ann',
}

function shown(record: object, forms: OsloForms = OSLO_FORMS): string {
  return osloWriter(forms, 42)(`${JSON.stringify(record)}\n`)
}

describe("a log line in oslo.log's form", () => {
  it('says of a request who and which, where a parser looks for it', () => {
    const found = REQUEST.exec(shown(access).trimEnd())?.groups
    assert.ok(found, shown(access))
    const { day: _day, time, ...rest } = found
    assert.match(time ?? '', /:00\.007$/)
    assert.deepEqual(
      { ...rest },
      {
        pid: '42',
        level: 'INFO',
        name: 'gatehouse.access',
        global: 'None',
        id: 'req-1',
        user: 'ann',
        project: 'demo',
        said: 'request  method=GET  route="/v1/secrets/{secret_id}"  status=200',
      },
    )
  })

  it('has the time of this machine, as oslo.log does', () => {
    const at = new Date(access.time)
    const clock = [at.getHours(), at.getMinutes(), at.getSeconds()]
    const text = clock.map((part) => String(part).padStart(2, '0')).join(':')
    assert.ok(shown(access).includes(` ${text}.007 42 INFO `))
  })

  it("has [-] where there is no request, and Python's words for the levels", () => {
    const line = (level: string) => shown({ level, time: access.time, message: 'said', a: 1 })
    assert.match(line('warn'), / WARNING gatehouse \[-\] said {2}a=1\n$/)
    assert.match(line('fatal'), / CRITICAL gatehouse \[-\] said/)
    assert.match(line('error'), / ERROR gatehouse \[-\] said/)
  })

  it('begins each line of a stack as oslo.log does', () => {
    const error = { kind: 'Error', message: 'broke', stack: 'at one\nat two' }
    const lines = shown({ level: 'error', time: access.time, message: 'said', error }).split('\n')
    assert.equal(lines.pop(), '')
    assert.equal(lines.length, 3)
    for (const line of lines) assert.match(line, HEAD)
    assert.match(lines[2] ?? '', / 42 ERROR gatehouse {5}at two$/)
  })

  it('takes forms of the operator, widths and unknown names included', () => {
    const forms = { ...OSLO_FORMS, context: '%(levelname)-8s|%(msecs)05d|%(color)s|%% %(message)s' }
    assert.match(shown(access, forms), /^INFO {4}\|00007\|\|% request {2}method/)
  })

  it('keeps its words apart whatever ids are made of', () => {
    fc.assert(
      fc.property(fc.string({ unit: anyCharacter }), fc.string(), (user, project) => {
        const lines = shown({ ...access, user, project }).split('\n')
        assert.equal(lines.length, 2)
        assert.match(lines[0] ?? '', REQUEST)
      }),
    )
  })

  it('is what a log file holds when asked for, access lines among them', async (t) => {
    const folder = mkdtempSync(join(tmpdir(), 'gatehouse-log-'))
    t.after(() => rmSync(folder, { recursive: true }))
    const path = join(folder, 'barbican-api.log')
    const options = { debug: false, useStderr: false, osloForms: OSLO_FORMS } as const
    const log = openLog({ ...options, path, format: 'oslo' })
    log.info({ address: 'http://127.0.0.1:1' }, 'listening')
    log.writeLines(`${JSON.stringify(access)}\n${JSON.stringify(access)}\n`)
    await log.close()
    const lines = readFileSync(path, 'utf8').trimEnd().split('\n')
    assert.equal(lines.length, 3)
    for (const line of lines) assert.match(line, HEAD)
    assert.ok(lines[0]?.includes(` ${process.pid} INFO gatehouse [-] listening`))
  })
})
