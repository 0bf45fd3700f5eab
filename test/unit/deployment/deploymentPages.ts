import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { parse } from 'yaml'
import { z } from 'zod'
import { ROOT } from '../../docs/documents.ts'

/*
 * The overrides of a page below docs/deployment, and what the tool makes of them: a piece of barbican.conf. What the
 * tools do with their variables was read in their sources.
 */

const value = z.union([z.string(), z.number(), z.boolean()])
const sections = z.record(z.string(), z.record(z.string(), value))

const ansible = z.object({
  barbican_config_overrides: z.record(
    z.string(),
    z.union([z.string(), z.record(z.string(), value)]),
  ),
})
const hiera = z.object({
  'barbican::config::barbican_config': z.record(
    z.templateLiteral([z.string(), '/', z.string()]),
    z.object({ value: value.optional(), ensure: z.literal('absent').optional() }),
  ),
})
const helm = z.object({ conf: z.object({ barbican: sections }) })
const operator = z.object({
  spec: z.object({
    barbican: z.object({ template: z.object({ customServiceConfig: z.string() }) }),
  }),
})

/** One per tool: from the override block of its page to the settings it ends up as. */
export const RENDERED: Readonly<Record<string, (block: string) => string>> = {
  'kolla-ansible': (block) => block,
  'openstack-ansible': (block) => openstackAnsible(block, false),
  puppet: (block) =>
    Object.entries(hiera.parse(parse(block))['barbican::config::barbican_config'])
      .map(([name, { value: given }]) => {
        const [section = '', option = ''] = name.split('/')
        return given === undefined ? '' : ini({ [section]: { [option]: given } })
      })
      .join(''),
  'openstack-helm': (block) => ini(helm.parse(parse(block)).conf.barbican),
  'barbican-operator': (block) =>
    operator.parse(parse(block)).spec.barbican.template.customServiceConfig,
}

/** What the role says of these in its defaults. */
const OF_THE_ROLE: Readonly<Record<string, string>> = {
  barbican_ssl_cert: '/etc/barbican/barbican.pem',
  barbican_ssl_key: '/etc/barbican/barbican.key',
}

/** With the tool's switch for TLS behind HAProxy on or off: a section may hang on it, in Jinja's words. */
export function openstackAnsible(block: string, isBackendTls: boolean): string {
  const given = Object.entries(ansible.parse(parse(block)).barbican_config_overrides)
  return ini(
    Object.fromEntries(
      given.map(([section, options]) => {
        if (typeof options !== 'string') return [section, options]
        const [, pairs] =
          /^\{\{ barbican_backend_ssl \| ternary\(\{(.*)\}, \{\}\) \}\}$/.exec(options) ?? []
        if (pairs === undefined) throw new Error(`what ${options} becomes is not known`)
        return [section, isBackendTls ? pairsOf(pairs) : {}]
      }),
    ),
  )
}

function pairsOf(pairs: string): Record<string, string> {
  return Object.fromEntries(
    pairs.split(', ').map((pair) => {
      const [, option = '', variable = ''] = /^'(\w+)': (\w+)$/.exec(pair) ?? []
      const resolved = OF_THE_ROLE[variable]
      if (resolved === undefined) throw new Error(`what ${pair} becomes is not known`)
      return [option, resolved]
    }),
  )
}

function ini(settings: z.infer<typeof sections>): string {
  return Object.entries(settings)
    .map(([section, options]) => {
      const lines = Object.entries(options).map(([name, given]) => `${name} = ${given}\n`)
      return `[${section}]\n${lines.join('')}`
    })
    .join('')
}

export function page(name: string): string {
  return readFileSync(join(ROOT, 'docs', 'deployment', `${name}.md`), 'utf8')
}

/** @param kind the word behind `ini` or `yaml` */
export function overridesIn(name: string, kind = 'overrides'): string {
  const blocks = [...page(name).matchAll(/^```(?:ini|yaml) (\w+)\n([\s\S]*?)^```$/gm)]
    .filter(([, word]) => word === kind)
    .map(([, , block]) => [block, block] as const)
  const [block] = blocks
  if (blocks.length !== 1 || block?.[1] === undefined) {
    throw new Error(`${name}.md has ${blocks.length} blocks of ${kind}`)
  }
  return block[1]
}
