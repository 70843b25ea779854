import js from "@eslint/js";
import prettier from "eslint-config-prettier";
import vue from "eslint-plugin-vue";
import globals from "globals";
import typescript from "typescript-eslint";

export default typescript.config(
  { ignores: ["dist", "node_modules"] },
  js.configs.recommended,
  typescript.configs.recommended,
  vue.configs["flat/recommended"],
  prettier,
  {
    files: ["**/*.{ts,vue,js}"],
    languageOptions: {
      globals: { ...globals.browser, ...globals.node },
      parserOptions: { parser: typescript.parser },
    },
    rules: {
      "@typescript-eslint/no-explicit-any": "warn",
      "@typescript-eslint/no-unused-vars": [
        "error",
        { argsIgnorePattern: "^_", varsIgnorePattern: "^_" },
      ],
      "@typescript-eslint/consistent-type-imports": "error",
      "no-console": "error",
      eqeqeq: "error",
      "max-lines": ["error", { max: 300, skipComments: true }],
      // The compiler knows the names.
      "no-undef": "off",
    },
  },
  {
    // A catalogue has as many lines as the screens have words.
    files: ["src/locales/**"],
    rules: { "max-lines": "off" },
  },
  {
    files: ["**/*.ts"],
    rules: {
      "max-len": [
        "warn",
        { code: 100, ignoreUrls: true, ignoreStrings: true, ignoreTemplateLiterals: true },
      ],
    },
  },
  {
    files: ["**/*.vue"],
    rules: {
      "vue/block-lang": ["error", { script: { lang: "ts" } }],
      "vue/block-order": ["error", { order: ["script", "template", "style"] }],
      "vue/component-api-style": ["error", ["script-setup"]],
      "vue/define-macros-order": [
        "error",
        { order: ["defineProps", "defineEmits", "defineSlots"] },
      ],
      "vue/max-attributes-per-line": ["error", { singleline: 3, multiline: 1 }],
      "vue/html-self-closing": [
        "error",
        { html: { void: "always", normal: "never", component: "always" }, svg: "always" },
      ],
      "vue/no-v-html": "error",
      "vue/no-static-inline-styles": "error",
      "vue/multi-word-component-names": "off",
      // The types say which properties may be left out.
      "vue/require-default-prop": "off",
    },
  },
);
