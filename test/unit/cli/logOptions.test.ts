import assert from 'node:assert/strict'
import { describe, it, type TestContext } from 'node:test'
import { logOptions } from '../../../src/cli/logOptions.ts'
import { loadedFrom } from '../config/loadedFrom.ts'

function formatOf(t: TestContext, content: string, isTerminal = false): string {
  return logOptions(loadedFrom(t, content).settings, isTerminal).format
}

describe('how log lines look', () => {
  it('is what use_json says, as with oslo.log, when somebody says it', (t) => {
    assert.equal(formatOf(t, '[DEFAULT]\nuse_json = True\n', true), 'json')
    assert.equal(formatOf(t, '[DEFAULT]\nuse_json = False\n', true), 'oslo')
  })

  it('is JSON, or text on a terminal, when nobody says anything', (t) => {
    assert.equal(formatOf(t, '[DEFAULT]\n'), 'json')
    assert.equal(formatOf(t, '[DEFAULT]\n', true), 'text')
  })

  it('is what log_format says before all else', (t) => {
    assert.equal(
      formatOf(t, '[DEFAULT]\nuse_json = True\n[gatehouse]\nlog_format = oslo\n'),
      'oslo',
    )
    assert.equal(
      formatOf(t, '[DEFAULT]\nuse_json = False\n[gatehouse]\nlog_format = json\n'),
      'json',
    )
  })

  it("takes oslo.log's own forms, and those of the operator", (t) => {
    const form = '%(levelname)s %(message)s'
    const given = loadedFrom(t, `[DEFAULT]\nlogging_context_format_string = ${form}\n`)
    const { osloForms } = logOptions(given.settings, false)
    assert.equal(osloForms.context, form)
    assert.match(osloForms.plain, /^%\(asctime\)s/)
  })
})
