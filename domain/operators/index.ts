export { CONSOLE_COOKIE } from './ids.ts';
