import { policyInForce } from '../policyVerbs.ts'
import { type Check, fine, warning } from './finding.ts'

/** The files parse, and what they say means something. */
export const policyCheck: Check = {
  name: 'policy',
  async look({ settings }) {
    const { files, origins, rules } = await policyInForce(settings)
    const from = files.length === 0 ? 'the defaults alone' : files.join(', ')
    return [
      fine(`${from}; ${origins.size} rules are overridden`),
      ...rules.warnings.map((what) =>
        warning(
          what,
          '`gatehouse policy list` shows the rules in force, docs/policy.md all there are.',
        ),
      ),
    ]
  },
}
