import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { describe, it } from 'node:test'
import { inspect } from 'node:util'
import {
  AwsCredentials,
  canonicalRequest,
  signatureHeaders,
} from '../../../../../src/crypto/kek/aws/sigV4.ts'

interface Case {
  readonly name: string
  readonly method: string
  readonly headers: Readonly<Record<string, string>>
  readonly body: string
  readonly timestamp: string
  readonly region: string
  readonly service: string
  readonly signsBody: boolean
  readonly credentials: {
    readonly access_key_id: string
    readonly secret_access_key: string
    readonly token?: string
  }
  readonly canonicalRequest: string
  readonly signature: string
}

const file = new URL('../../../../vectors/sigv4.json', import.meta.url)
const { cases } = JSON.parse(readFileSync(file, 'utf8')) as { readonly cases: readonly Case[] }

describe('Signature Version 4', () => {
  it('is as AWS published it', () => {
    assert.ok(cases.length >= 8, `${cases.length} cases`)
    for (const one of cases) {
      const { name, credentials, timestamp, signsBody } = one
      const body = Buffer.from(one.body)
      // Some services want the hash of the body among the headers; KMS does not.
      const hash = /\n([0-9a-f]{64})$/.exec(one.canonicalRequest)?.[1] ?? ''
      const headers = { ...one.headers, ...(signsBody ? { 'x-amz-content-sha256': hash } : {}) }
      const request = { ...one, headers, body, epochMs: Date.parse(timestamp) }
      const signer = new AwsCredentials(
        credentials.access_key_id,
        credentials.secret_access_key,
        credentials.token,
      )
      const added = signatureHeaders(request, signer)
      const { authorization = '', ...signed } = added
      const all = { ...headers, ...signed }
      assert.equal(canonicalRequest({ ...request, headers: all }).text, one.canonicalRequest, name)
      assert.equal(authorization.split('Signature=')[1], one.signature, name)
    }
  })

  it('prints no secret', () => {
    const printed = inspect(new AwsCredentials('AKID', 'the secret', 'a token'), {
      depth: 9,
      showHidden: true,
    })
    assert.doesNotMatch(printed, /the secret/)
  })
})
