/** What draws on the terminal. `scripts/build/bundle.mjs` makes one file of it, so that users install no React. */
export { Box, type Key, render, Text, useInput } from 'ink';
export { createElement, type ReactElement, useEffect, useReducer } from 'react';
export { default as stringWidth } from 'string-width';
