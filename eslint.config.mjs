import { defineConfig, globalIgnores } from 'eslint/config';
import tseslint from 'typescript-eslint';
import { exceptions } from './scripts/complexity.mjs';

export default defineConfig(
  globalIgnores(['node_modules', 'assets', 'dist', 'build', 'cdk.out', 'coverage', '.local', '**/*.mjs']),
  {
    files: ['**/*.ts'],
    extends: [tseslint.configs.strictTypeChecked],
    languageOptions: { parserOptions: { projectService: true, tsconfigRootDir: import.meta.dirname } },
    rules: {
      '@typescript-eslint/no-floating-promises': 'error',
      '@typescript-eslint/switch-exhaustiveness-check': 'error',
      // Counts in messages need no String().
      '@typescript-eslint/restrict-template-expressions': ['error', { allowNumber: true, allowBoolean: true }],
      '@typescript-eslint/no-unused-vars': ['error', { argsIgnorePattern: '^_' }],
      '@typescript-eslint/no-confusing-void-expression': ['error', { ignoreArrowShorthand: true }],
      // Constructs are created for their effect on the tree: `new Thing(this, 'Id')`.
      'no-new': 'off',
      // Paths through a function; what has more is in the list of exceptions, which only gets shorter.
      complexity: ['error', 15],
      eqeqeq: 'error',
      'object-shorthand': 'error',
      'prefer-const': 'error',
      // A namespace import leaves out of a bundle what is not used: a third of a megabyte in each function.
      'no-restricted-syntax': [
        'error',
        { selector: 'ImportDeclaration[source.value="zod"] > ImportSpecifier', message: "import * as z from 'zod'" },
      ],
    },
  },
  {
    files: ['lib/**/*.ts'],
    rules: {
      // A grouping of static methods is how aws-cdk-lib offers factories, and what jsii has instead of functions.
      '@typescript-eslint/no-extraneous-class': 'off',
    },
  },
  {
    files: ['test/**/*.ts'],
    rules: {
      // A random run has a branch for each thing that may happen.
      complexity: 'off',
      // Templates and parsed JSON are `any`; a test that reads them wrongly fails.
      '@typescript-eslint/no-explicit-any': 'off',
      '@typescript-eslint/no-unsafe-assignment': 'off',
      '@typescript-eslint/no-unsafe-class-instance-assignment': 'off',
      '@typescript-eslint/no-unsafe-member-access': 'off',
      '@typescript-eslint/no-unsafe-call': 'off',
      '@typescript-eslint/no-unsafe-argument': 'off',
      '@typescript-eslint/no-unsafe-return': 'off',
      '@typescript-eslint/no-non-null-assertion': 'off',
      '@typescript-eslint/no-empty-function': 'off',
    },
  },
  ...exceptions.map(({ file, complexity }) => ({ files: [file], rules: { complexity: ['error', complexity] } })),
);
