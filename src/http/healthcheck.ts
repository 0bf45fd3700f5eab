import type { Exchange } from './exchange.ts'
import type { Answer } from './route.ts'

/** The file with which an operator takes a node out of its load balancer. */
export interface HealthSwitch {
  isDisabled(): Promise<boolean>
}

/** Why a load balancer should leave this node alone. */
export type Outage = 'DISABLED BY FILE' | 'SEALED' | 'NOT READY'

/** GET /healthcheck as oslo.middleware answers it, to any method and without a token (contract 00). */
export function healthAnswer(exchange: Exchange, outage: Outage | undefined): Answer {
  const status = outage === undefined ? 200 : 503
  const reason = outage ?? 'OK'
  if (exchange.request.method === 'HEAD') return { status: outage === undefined ? 204 : 503 }
  const accept = exchange.request.headers.accept ?? ''
  if (accept.includes('application/json')) {
    const document = `${JSON.stringify({ detailed: false, reasons: [reason] }, null, 4)}\n`
    return { status, document, contentType: 'application/json' }
  }
  if (accept.includes('text/html')) {
    const document = `<!DOCTYPE html><title>Healthcheck</title><p>${reason}</p>\n`
    return { status, document, contentType: 'text/html; charset=UTF-8' }
  }
  return { status, document: reason, contentType: 'text/plain; charset=UTF-8' }
}
