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

const ansible = z.object({ barbican_config_overrides: sections })
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
  'openstack-ansible': (block) => ini(ansible.parse(parse(block)).barbican_config_overrides),
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
