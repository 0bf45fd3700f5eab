import type { EnforcedRule } from './enforcedRule.ts'

/** Orders. */
export const ORDER_RULES = [
  {
    name: 'orders:post',
    target: 'project',
    legacy: 'rule:admin_or_creator',
    current: 'role:member',
    description: 'Place an order in the project of the token.',
    operations: [{ method: 'POST', path: '/v1/orders' }],
    scopeTypes: ['project'],
  },
  {
    name: 'orders:get',
    target: 'project',
    legacy: 'rule:all_but_audit',
    current: 'role:member',
    description: 'List the orders of the project.',
    operations: [{ method: 'GET', path: '/v1/orders' }],
    scopeTypes: ['project'],
  },
  {
    name: 'orders:put',
    target: 'project',
    legacy: 'rule:admin_or_creator',
    current: 'role:member',
    description: 'Orders cannot be changed: the answer is 405 for everybody this rule lets in.',
    operations: [{ method: 'PUT', path: '/v1/orders' }],
    scopeTypes: ['project'],
  },
  {
    name: 'order:get',
    target: 'order',
    legacy: 'rule:all_users and rule:order_project_match',
    current: 'rule:order_project_member',
    description: 'Read an order.',
    operations: [{ method: 'GET', path: '/v1/orders/{order_id}' }],
    scopeTypes: ['project'],
  },
  {
    name: 'order:delete',
    target: 'order',
    legacy: 'rule:admin and rule:order_project_match',
    current: 'rule:order_project_member',
    description: 'Delete an order; what it made stays.',
    operations: [{ method: 'DELETE', path: '/v1/orders/{order_id}' }],
    scopeTypes: ['project'],
  },
] as const satisfies readonly EnforcedRule[]
