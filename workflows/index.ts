export { order } from './order.ts';
export { refund } from './refund.ts';
export { transfer } from './transfer.ts';
export { reversal } from './reversal.ts';
