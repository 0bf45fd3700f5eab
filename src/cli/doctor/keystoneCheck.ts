import { lookAtKeystone } from '../../identity/keystoneLook.ts'
import { keystoneConnection } from '../keystoneOfSettings.ts'
import { skewFinding } from './clockSkew.ts'
import { type Check, error, type Finding, fine, type Patient, warning } from './finding.ts'

/** By Keystone's own policy, these may ask about anybody's token. */
const MAY_VALIDATE = ['admin', 'service']
const USER = 'Correct the user of [keystone_authtoken], or its password.'

/** Reachable, our service user may log in and ask, and both clocks agree. */
export const keystoneCheck: Check = {
  name: 'keystone',
  async look({ settings, clock }) {
    if (settings.DEFAULT.auth_strategy !== 'keystone') {
      return [fine(`nobody is asked: auth_strategy is ${settings.DEFAULT.auth_strategy}`)]
    }
    const { service_token_roles: serviceTokenRoles } = settings.keystone_authtoken
    const connection = keystoneConnection(settings)
    let look: Awaited<ReturnType<typeof lookAtKeystone>>
    try {
      look = await lookAtKeystone({ ...connection, clock, serviceTokenRoles })
    } catch (cause) {
      if (!(cause instanceof Error)) throw cause
      const todo =
        'See that auth_url of [keystone_authtoken] can be reached from here, and that cafile knows who signed its certificate.'
      return [error(`${cause.message} (${connection.authUrl}).`, todo)]
    }
    const { skewMs } = look
    return [
      ...(skewMs === undefined ? [] : [skewFinding('Keystone', skewMs)]),
      ...loginFindings(look),
      ...roleFindings(look.unknownRoles, { settings }),
    ]
  },
}

function loginFindings({
  login,
  roles,
  validation,
}: Awaited<ReturnType<typeof lookAtKeystone>>): readonly Finding[] {
  if (login === 401) return [error('Keystone refuses our service user (401).', USER)]
  if (login !== 201)
    return [error(`Keystone answers ${login} to the login of our service user.`, USER)]
  if (validation !== 200) {
    return [error(`Keystone answers ${validation} when our service user asks about a token.`, USER)]
  }
  const shown = roles.join(', ') || 'none'
  if (roles.some((role) => MAY_VALIDATE.includes(role.toLowerCase()))) {
    return [fine(`our service user may log in and ask; its roles are ${shown}`)]
  }
  return [
    warning(
      `Our service user may log in, and none of its roles (${shown}) lets it ask about the tokens of others by Keystone's own policy.`,
      'Give it the role service (or admin) in its project: openstack role add --user barbican --project service service',
    ),
  ]
}

function roleFindings(
  unknown: readonly string[] | undefined,
  { settings }: Pick<Patient, 'settings'>,
): readonly Finding[] {
  if (unknown === undefined) return [fine('service_token_roles could not be looked up by our user')]
  const { service_token_roles: names } = settings.keystone_authtoken
  if (unknown.length === 0)
    return [fine(`service_token_roles exist: ${names.join(', ') || 'none'}`)]
  return [
    warning(
      `Keystone has no role ${unknown.join(', ')}, which [keystone_authtoken] service_token_roles names: no service token counts by it.`,
      'Make the role, or name the one that nova, cinder and the others have.',
    ),
  ]
}
