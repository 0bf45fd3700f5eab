import { join } from 'node:path'
import { apiRefFiles } from '../../api-ref/writer/apiRefFiles.ts'
import { configurationPage } from '../../src/config/configurationPage.ts'
import { sampleFile } from '../../src/config/sampleFile.ts'
import { renderPolicyReference, renderSamplePolicy } from '../../src/policy/policyDocs.ts'
import { allRoutes } from '../support/allRoutes.ts'
import { compatibilityPage } from './compatibilityPage.ts'

export const ROOT = join(import.meta.dirname, '..', '..')

/** Documents that are written from the code: `npm run docs` writes them, and a test compares. */
export function generatedDocuments(): ReadonlyMap<string, string> {
  return new Map([
    ['docs/compatibility.md', compatibilityPage()],
    ['docs/configuration.md', configurationPage()],
    ['docs/gatehouse.conf.sample', sampleFile()],
    ['docs/policy.md', renderPolicyReference()],
    ['docs/policy.yaml.sample', renderSamplePolicy()],
    ...apiRefFiles(allRoutes(), '0.1.0'),
  ])
}
