import type { Certificates } from '../../domain/certificates.ts'
import { parseContainerId } from '../../lib/ids.ts'
import { json } from '../answers.ts'
import {
  containerCertificateShown,
  renderContainerCertificate,
  renderSecretCertificate,
  secretCertificateShown,
} from '../render/certificate.ts'
import type { ApiRequest, Route } from '../route.ts'
import { secretIdOf } from './secrets.ts'

/** What is known of stored certificates. Barbican has nothing there, so that no client of it asks (ADR 0041). */
export function certificateRoutes(certificates: Certificates): readonly Route[] {
  const containerIdOf = (params: ApiRequest['params']) =>
    parseContainerId(params['container_id'] ?? '')
  return [
    {
      method: 'GET',
      path: '/v1/secrets/{secret_id}/certificate',
      rules: ['secret:get'],
      summary: 'Tell when a stored certificate ends, and what may fail with it',
      accepts: 'json',
      shows: secretCertificateShown,
      answers: [200, 401, 403, 404, 406],
      lookUp: ({ params }) => certificates.lookUpSecret(secretIdOf(params)),
      async handle({ ctx, params, base }) {
        const shown = await certificates.ofSecret(ctx, secretIdOf(params))
        return json(200, renderSecretCertificate(shown, base))
      },
    },
    {
      method: 'GET',
      path: '/v1/containers/{container_id}/certificate',
      rules: ['container:get', 'secret:get'],
      summary: 'Tell whether the members of a certificate container belong together',
      accepts: 'json',
      shows: containerCertificateShown,
      answers: [200, 401, 403, 404, 406],
      lookUp: ({ params }) => certificates.lookUpContainer(containerIdOf(params)),
      async handle({ ctx, params, base }) {
        const shown = await certificates.ofContainer(ctx, containerIdOf(params))
        return json(200, renderContainerCertificate(shown, base))
      },
    },
  ]
}
