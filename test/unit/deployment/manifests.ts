import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { parseAllDocuments } from 'yaml'
import { z } from 'zod'
import { ROOT } from '../../docs/documents.ts'

const FOLDER = join(ROOT, 'deploy', 'kubernetes')

/** Where the types of a kind are, in the package kubernetes-types. */
export const MODULES = {
  ConfigMap: 'core/v1',
  Deployment: 'apps/v1',
  Job: 'batch/v1',
  NetworkPolicy: 'networking/v1',
  PodDisruptionBudget: 'policy/v1',
  Secret: 'core/v1',
  Service: 'core/v1',
  ServiceAccount: 'core/v1',
} as const

const kind = z.enum(Object.keys(MODULES) as [keyof typeof MODULES])
const manifest = z.looseObject({ apiVersion: z.string(), kind })

export type Manifest = z.infer<typeof manifest>

/** All manifests of a file. Kubernetes reads YAML 1.1, where 0440 is octal. */
export function manifestsIn(file: string): readonly Manifest[] {
  const documents = parseAllDocuments(readFileSync(join(FOLDER, file), 'utf8'), { version: '1.1' })
  return documents.map((document) => manifest.parse(document.toJS()))
}

export const MANIFEST_FILES: readonly string[] = readdirSync(FOLDER).filter(
  (name) => name.endsWith('.yaml') && name !== 'kustomization.yaml',
)

const container = z.looseObject({
  name: z.string(),
  image: z.string(),
  command: z.array(z.string()).optional(),
  securityContext: z.looseObject({
    allowPrivilegeEscalation: z.boolean(),
    readOnlyRootFilesystem: z.boolean(),
    capabilities: z.object({ drop: z.array(z.string()) }),
  }),
  ports: z.array(z.object({ name: z.string(), containerPort: z.number() })).optional(),
  volumeMounts: z.array(z.looseObject({ name: z.string(), mountPath: z.string() })),
})

const pod = z.looseObject({
  automountServiceAccountToken: z.boolean(),
  securityContext: z.looseObject({
    runAsNonRoot: z.boolean(),
    runAsUser: z.number(),
    seccompProfile: z.object({ type: z.string() }),
  }),
  initContainers: z.array(container).default([]),
  containers: z.array(container),
  volumes: z.array(z.looseObject({ name: z.string() })),
})

export type Pod = z.infer<typeof pod>

export function podOf(from: Manifest): Pod {
  const { spec } = z
    .looseObject({
      spec: z.looseObject({ template: z.looseObject({ spec: pod }) }),
    })
    .parse(from)
  return spec.template.spec
}
