import type { Scenario } from '../scenario.ts'
import { freshSecrets } from './freshSecrets.ts'
import { person } from './people.ts'

const long = (length: number): string => 'x'.repeat(length)
const UNKNOWN = '11111111-2222-4333-8444-555555555555'

/** Members that come and go. */
export const containerSecrets: Scenario = {
  name: 'containers: adding and removing members',
  async run(twins, random) {
    twins.enter(this.name, person('containerSecrets', 'carol', 'creator'))
    const [a = '', b = '', c = ''] = await freshSecrets(twins, 3)
    const elsewhere = `${twins.base}${await twins.make('POST /v1/secrets', { json: {}, by: person('membersElsewhere', 'carol', 'creator') })}`
    const id = a.slice(-36)
    const generic = await twins.make('POST /v1/containers', {
      json: { type: 'generic', name: 'growing' },
    })
    const both = async (path: string, json: unknown): Promise<void> => {
      const { isShared } = await twins.ask(`POST ${path}/secrets`, { json })
      if (isShared) await twins.ask(`GET ${path}`)
      const { isShared: isGone } = await twins.ask(`DELETE ${path}/secrets`, { json })
      if (isShared && isGone) await twins.ask(`GET ${path}`)
    }
    for (const [index, secret_ref] of [
      a,
      `${a}/`,
      `http://elsewhere/v1/secrets/${id}`,
      `/${id}`,
      id,
      `x/${id}`,
      `${twins.base}/v1/secrets/${UNKNOWN}`,
      elsewhere,
      '',
      ' ',
      null,
      5,
      undefined,
      `${a}?x`,
      'nonsense/',
      a.toUpperCase(),
      ` ${a} `,
    ].entries())
      await both(generic, { name: `ref ${index}`, secret_ref })
    for (const [index, name] of [
      'plain',
      '',
      null,
      5,
      long(255),
      long(256),
      undefined,
      ' padded ',
      'é',
    ].entries())
      await both(generic, { name, secret_ref: index % 2 === 0 ? b : c })
    for (const json of [
      {},
      null,
      [],
      'x',
      { name: 'only' },
      { name: 'more', secret_ref: a, more: 1 },
      { name: 'external', secret_ref: a, external_project_id: 'x' },
    ])
      await both(generic, json)
    const twice = { name: 'twice', secret_ref: a }
    await twins.ask(`POST ${generic}/secrets`, { json: twice })
    await twins.ask(`POST ${generic}/secrets`, { json: twice })
    await twins.ask(`POST ${generic}/secrets`, { json: { ...twice, name: 'Twice' } })
    await twins.ask(`POST ${generic}/secrets`, { json: { ...twice, secret_ref: b } })
    await twins.ask(`GET ${generic}`)
    await twins.ask(`DELETE ${generic}/secrets`, { json: { ...twice, name: 'other' } })
    await twins.ask(`DELETE ${generic}/secrets`, { json: { secret_ref: a } })
    await twins.ask(`DELETE ${generic}/secrets`, { json: twice })
    await twins.ask(`DELETE ${generic}/secrets`, { json: twice })
    await twins.ask(`GET ${generic}`)
    await twins.ask(`POST ${generic}/secrets`, { json: twice })
    await twins.ask(`DELETE ${generic}/secrets`)
    const rsa = await twins.make('POST /v1/containers', {
      json: {
        type: 'rsa',
        secret_refs: [
          { name: 'public_key', secret_ref: a },
          { name: 'private_key', secret_ref: b },
        ],
      },
    })
    await twins.ask(`POST ${rsa}/secrets`, {
      json: { name: 'private_key_passphrase', secret_ref: c },
    })
    await twins.ask(`POST ${rsa}/secrets`, { json: {} })
    await twins.ask(`DELETE ${rsa}/secrets`, { json: { name: 'public_key', secret_ref: a } })
    await twins.ask(`GET ${rsa}`)
    const busy = await twins.make('POST /v1/containers', { json: { type: 'generic' } })
    // Barbican cannot take back what was taken away once, so every name comes and goes a single time.
    const names = Array.from({ length: 25 }, (_, index) => `n${index}`)
    const present: { name: string; secret_ref: string }[] = []
    while (names.length > 0) {
      if (present.length > 0 && random.isOneIn(3)) {
        const [json] = present.splice(random.whole(0, present.length - 1), 1)
        await twins.ask(`DELETE ${busy}/secrets`, { json })
      } else {
        const json = { name: names.pop() ?? '', secret_ref: random.pick([a, b, c]) }
        await twins.ask(`POST ${busy}/secrets`, { json })
        present.push(json)
      }
    }
    await twins.ask(`GET ${busy}`)
  },
}
