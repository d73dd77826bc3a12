import { defineConfig } from 'vitest/config';

export default defineConfig({
  test: {
    include: ['test/**/*.test.ts'],
    exclude: ['test/bench/**', 'node_modules/**'],
    testTimeout: 20_000,
    hookTimeout: 60_000,
    // Two cores are the usual machine; e2e files start daemons and must not starve each other.
    maxWorkers: 2,
  },
});
