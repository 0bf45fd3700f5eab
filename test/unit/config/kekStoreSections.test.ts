import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { kindOf, placeOf } from '../../../src/config/kekStoreKinds.ts'
import type { Place } from '../../../src/config/setting.ts'
import { showSettings } from '../../../src/config/showSettings.ts'
import { storeNameOf } from '../../../src/config/storeName.ts'
import { ELSEWHERE, loadedFrom, mistakesIn } from './loadedFrom.ts'

const chosen = (kind: string) => `[secretstore]\nkek_store = ${kind}\n[${kind}]\n`
const placeWith = (variables: Readonly<Record<string, string>>): Place => ({
  ...ELSEWHERE,
  variable: (name) => variables[name],
})
const KMIP = `${chosen('kmip')}certfile = /c.pem\n`
const TRANSIT = `${chosen('transit')}root_token_id = hvs.t0ken\n`
const AWS = `${chosen('awskms')}region = eu-central-1\nkey_id = alias/k\n`

describe('sections of KEK stores over the network', () => {
  it('tell what is wrong with them, each in a sentence', (t) => {
    const wrong: readonly (readonly [string, RegExp])[] = [
      [chosen('kmip'), /\[kmip\] certfile is missing, and username too/],
      [`${chosen('kmip')}username = u\n`, /username is given without password or password_file/],
      [`${KMIP}password = p\n`, /username is missing, and a password is given/],
      [`${chosen('kmip')}keyfile = /k\nusername = u\npassword = p\n`, /keyfile is given, and cert/],
      [`${KMIP}protocol = 1.2\n`, /wrapping is aes-gcm, which wants KMIP 1\.4.*derived/],
      [`${KMIP}protocol = 1.1\n`, /one of auto, 2\.0, 1\.4, 1\.3, 1\.2/],
      [
        `${KMIP}former_key_names = gatehouse\n`,
        /former_key_names names gatehouse, which is key_name/,
      ],
      [chosen('transit'), /root_token_id is missing, and so are token_file, approle_role_id/],
      [`${TRANSIT}kubernetes_role = r\n`, /root_token_id and kubernetes_role are given/],
      [`${TRANSIT}approle_secret_id = s\n`, /approle_role_id is missing, and a secret id/],
      [`${TRANSIT}transit_mountpoint = /transit/\n`, /transit_mountpoint is no path/],
      [`${TRANSIT}key_name = a/b\n`, /key_name is no name of a transit key/],
      [`${TRANSIT}vault_url = vault.example.org\n`, /begins with http:\/\/ or https:\/\//],
      [`${TRANSIT}vault_ur = https://v\n`, /vault_ur/],
      [`${chosen('awskms')}region = eu-central-1\n`, /key_id is missing/],
      [`${chosen('awskms')}key_id = k\n`, /region is missing, and so are \$AWS_REGION/],
      [`${AWS}access_key_id = AKID\n`, /secret_access_key is missing, and access_key_id is given/],
      [`${AWS}secret_access_key = s\n`, /secret_access_key is given without access_key_id/],
      [`${AWS}region = https://kms\n`, /region is no region/],
      [`${AWS}former_key_ids = alias/k\n`, /key_id stands in former_key_ids too/],
      [`${AWS}web_identity_token_file = /t\n`, /role_arn is missing/],
      [`${AWS}container_credentials_url = http://example.org/\n`, /http to somewhere else/],
    ]
    for (const [content, saying] of wrong) {
      const mistakes = mistakesIn(t, content)
      assert.ok(
        mistakes.some((mistake) => saying.test(mistake)),
        `${content}: ${mistakes.join('; ')}`,
      )
    }
    const near = ['http://169.254.170.23/v1/credentials', 'https://example.org/', 'http://[::1]/']
    const containers = near.map((url) => `${AWS}container_credentials_url = ${url}\n`)
    for (const sound of [KMIP, TRANSIT, AWS, ...containers])
      assert.deepEqual(mistakesIn(t, sound), [])
  })

  it('show no secret', (t) => {
    const contents = [
      `${chosen('kmip')}username = u\npassword = h1dden\n`,
      `${chosen('transit')}root_token_id = h1dden\n`,
      `${chosen('transit')}approle_role_id = r\napprole_secret_id = h1dden\n`,
      `${AWS}access_key_id = AKID\nsecret_access_key = h1dden\nsession_token = h1dden\n`,
    ]
    for (const content of contents) {
      assert.doesNotMatch(showSettings(loadedFrom(t, content)), /h1dden/)
    }
    const variables = {
      AWS_REGION: 'eu-west-1',
      AWS_ACCESS_KEY_ID: 'AKID',
      AWS_SECRET_ACCESS_KEY: 'h1dden',
      AWS_SESSION_TOKEN: 'h1dden',
    }
    const place = placeWith(variables)
    const loaded = loadedFrom(t, `${chosen('awskms')}key_id = k\n`, {}, place)
    assert.equal(loaded.settings.awskms.region, 'eu-west-1')
    assert.equal(loaded.settings.awskms.secret_access_key, 'h1dden')
    assert.doesNotMatch(showSettings(loaded), /h1dden/)
  })

  it("take from the environment what AWS's tools take", (t) => {
    const place = placeWith({
      AWS_DEFAULT_REGION: 'eu-west-1',
      AWS_CONTAINER_CREDENTIALS_RELATIVE_URI: '/v2/credentials/x',
      AWS_SHARED_CREDENTIALS_FILE: '/home/x/credentials',
      AWS_PROFILE: 'cloud',
    })
    const { awskms } = loadedFrom(t, `${chosen('awskms')}key_id = k\n`, {}, place).settings
    assert.equal(awskms.region, 'eu-west-1')
    assert.equal(awskms.container_credentials_url, 'http://169.254.170.2/v2/credentials/x')
    assert.equal(awskms.credentials_file, '/home/x/credentials')
    assert.equal(awskms.profile, 'cloud')
  })

  it('are told apart by server and key, and two that are one are refused', (t) => {
    const two = (first: string, second: string) => `
[secretstore]
enable_multiple_secret_stores = true
stores_lookup_suffix = a, b
[secretstore:a]
secret_store_plugin = store_crypto
kek_store = kmip
name = A
global_default = true
[secretstore:b]
secret_store_plugin = store_crypto
kek_store = kmip:b
name = B
[kmip]
certfile = /c.pem
${first}
[kmip:b]
certfile = /c.pem
${second}
`
    const { settings } = loadedFrom(t, two('host = one', 'host = two'))
    assert.deepEqual(settings.kekStores.map(placeOf), [
      'gatehouse at one:5696',
      'gatehouse at two:5696',
    ])
    assert.match(
      mistakesIn(t, two('host = one', 'host = one')).join(';'),
      /\[kmip:b\] key_name is gatehouse at one:5696, and so is that of \[kmip\]/,
    )
  })

  it('give a secret store over them a name of its own', (t) => {
    const sections = loadedFrom(t, KMIP).settings
    const nameOf = (kekStoreName: string) =>
      storeNameOf({ name: undefined, kekStoreName }, sections)
    assert.deepEqual(['keyring', 'kmip', 'transit:b', 'awskms'].map(nameOf), [
      'Software Only Crypto',
      'KMIP',
      'Transit',
      'AWS KMS',
    ])
  })

  it('warn of clear text, except on this machine', (t) => {
    const warningOf = (content: string) => {
      const [store] = loadedFrom(t, content).settings.kekStores
      return store === undefined ? 'none' : kindOf(store).warning(store.options, true)
    }
    assert.equal(warningOf(`${TRANSIT}vault_url = http://127.0.0.1:8200\n`), undefined)
    assert.equal(warningOf(`${TRANSIT}vault_url = http://[::1]:8200\n`), undefined)
    assert.match(warningOf(`${TRANSIT}vault_url = http://vault:8200\n`) ?? '', /is http/)
    assert.match(warningOf(`${AWS}endpoint_url = http://kms.example\n`) ?? '', /is http/)
    assert.equal(warningOf(AWS), undefined)
    assert.equal(warningOf(KMIP), undefined)
  })
})
