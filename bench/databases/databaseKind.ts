/** Databases that a bench can run on, by the names of `--database`. */
export const DATABASES = {
  sqlite: 'SQLite',
  mysql: 'MariaDB',
  postgresql: 'PostgreSQL',
} as const satisfies Readonly<Record<string, string>>

export type DatabaseKind = keyof typeof DATABASES

export const DATABASE_KINDS = Object.keys(DATABASES) as readonly DatabaseKind[]

export function isDatabaseKind(name: string): name is DatabaseKind {
  return Object.hasOwn(DATABASES, name)
}
