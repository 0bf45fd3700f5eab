import assert from 'node:assert/strict'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import type { IncomingMessage, ServerResponse } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { pathToFileURL } from 'node:url'
import { ApiDocument } from '../../../src/http/apiDocument.ts'
import { Exchange } from '../../../src/http/exchange.ts'

const GET = { method: 'GET', headers: {} } as IncomingMessage
const exchange = (): Exchange => new Exchange(GET, {} as ServerResponse)
const base = () => 'http://b\u00fccher.example/"x'

test('a document that cannot be read is asked for again, and an address is escaped ASCII', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'apiDocument-'))
  try {
    const file = join(folder, 'openapi.json')
    const document = new ApiDocument(pathToFileURL(file))
    await assert.rejects(document.answer(exchange(), base), { code: 'ENOENT' })
    writeFileSync(file, '{"openapi":"3.1.0","servers":[{"url":"x"}],"paths":{}}')
    const { document: text = '' } = await document.answer(exchange(), base)
    assert.match(text, /^[ -~]*$/)
    assert.deepEqual(JSON.parse(text), {
      openapi: '3.1.0',
      servers: [{ url: base() }],
      paths: {},
    })
  } finally {
    rmSync(folder, { recursive: true })
  }
})
