#!/usr/bin/env node
// `barbican-manage db upgrade` and `barbican-db-manage upgrade`: what deployment tools call.
import { start } from './start.js'

start('barbican-manage', process.argv.slice(2))
