import { Fault } from '../lib/fault.ts'
import { LATEST_MICROVERSION, type Microversion } from '../model/requestContext.ts'

const SERVICE = 'key-manager'

/**
 * Reads `OpenStack-API-Version: key-manager X.Y` (contract 00). Several services may share the header; of two versions for
 * one service the last counts.
 * @throws Fault('notAcceptable') a version that exists nowhere; Fault('badRequest') no version at all
 */
export function parseMicroversion(header: string | undefined): Microversion {
  if (header === undefined) return 0
  const named = header
    .split(',')
    .map((part) => part.trim().split(/\s+/))
    .findLast(([service, version]) => service?.toLowerCase() === SERVICE && version !== undefined)
  return named?.[1] === undefined ? 0 : toMicroversion(named[1])
}

function toMicroversion(version: string): Microversion {
  if (version === '1.0') return 0
  if (version === '1.1') return 1
  if (version === '1.2' || version === 'latest') return LATEST_MICROVERSION
  if (/^\d{1,4}\.\d{1,4}$/.test(version)) {
    throw new Fault(
      'notAcceptable',
      `Version ${version} of ${SERVICE} is not served; 1.0 to 1.${LATEST_MICROVERSION} are.`,
    )
  }
  throw new Fault(
    'badRequest',
    `OpenStack-API-Version wants "${SERVICE} X.Y", for example "${SERVICE} 1.${LATEST_MICROVERSION}".`,
  )
}

/** Names and values in turn. */
export function microversionHeaders(microversion: Microversion): readonly string[] {
  return HEADERS[microversion]
}

const HEADERS: Readonly<Record<Microversion, readonly string[]>> = {
  0: headersOf(0),
  1: headersOf(1),
  2: headersOf(2),
}

function headersOf(microversion: Microversion): readonly string[] {
  const version = `${SERVICE} 1.${microversion}`
  return ['OpenStack-API-Version', version, 'Vary', 'OpenStack-API-Version']
}
