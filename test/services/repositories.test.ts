import { repositoryContracts } from '../contract/repositoryContracts.ts'

repositoryContracts('MariaDB', 'mysql')
repositoryContracts('PostgreSQL', 'postgresql')
