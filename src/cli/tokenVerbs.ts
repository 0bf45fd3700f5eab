import { parseDurationSeconds } from '../config/duration.ts'
import type { Settings } from '../config/settingsTable.ts'
import { inspectToken, issueToken, type LocalTokenParts } from '../identity/localToken.ts'
import { loadSigningKey } from '../identity/signingKey.ts'
import { systemClock } from '../lib/clock.ts'
import { StartupRefusal } from '../lib/startupRefusal.ts'
import { deploymentState } from './deploymentState.ts'
import { EXIT_CODES, refusingWith } from './exitCodes.ts'

/** The options of `gatehouse token issue`, as the command line gives them. */
export interface TokenRequest {
  readonly project: string
  readonly role: readonly string[]
  readonly user?: string
  readonly ttl?: string
}

/** `gatehouse token issue` */
export async function tokenIssue(
  settings: Settings,
  request: TokenRequest,
): Promise<{ readonly note: string; readonly token: string }> {
  if (settings.DEFAULT.auth_strategy !== 'token') {
    throw new StartupRefusal(
      `[DEFAULT] auth_strategy is ${settings.DEFAULT.auth_strategy}: a server with these settings takes no token of ours.`,
      { exitCode: EXIT_CODES.settings.code },
    )
  }
  const ttlSeconds = ttlOf(request.ttl, settings.token.default_ttl)
  const token = await issueToken(await tokenParts(settings), {
    projectId: request.project,
    roles: request.role,
    userId: request.user,
    ttlSeconds,
  })
  const who = request.user === undefined ? 'nobody in particular' : `user ${request.user}`
  const note = `A token for project ${request.project}, ${who}, roles ${request.role.join(', ')}; valid for ${ttlSeconds} s.`
  return { note, token }
}

/** `gatehouse token inspect` */
export async function tokenInspect(
  settings: Settings,
  given: string,
): Promise<{ readonly report: string; readonly isValid: boolean }> {
  const { header, claims, verdict } = await inspectToken(await tokenParts(settings), given.trim())
  const report = JSON.stringify({ header, claims, verdict }, null, 2)
  return { report, isValid: verdict === 'valid' }
}

async function tokenParts(settings: Settings): Promise<LocalTokenParts> {
  const clock = systemClock()
  const deployment = await deploymentState(settings, clock)
  if (deployment?.deploymentId === undefined) {
    throw new StartupRefusal(
      `There is no deployment below ${settings.DEFAULT.state_path} yet: start the server once (\`gatehouse serve\`), for its tokens name it.`,
      { exitCode: EXIT_CODES.database.code },
    )
  }
  return {
    key: await refusingWith('keys', () => loadSigningKey(settings.token.signing_key_file)),
    deploymentId: deployment.deploymentId,
    clock,
    maxTtlSeconds: settings.token.max_ttl,
  }
}

function ttlOf(given: string | undefined, defaultSeconds: number): number {
  if (given === undefined) return defaultSeconds
  const ttlSeconds = parseDurationSeconds(given)
  if (ttlSeconds === undefined) {
    throw new StartupRefusal(
      `--ttl ${JSON.stringify(given)} is no time: write 90s, 15m, 1h or 1d.`,
      {
        exitCode: EXIT_CODES.usage.code,
      },
    )
  }
  return ttlSeconds
}
