export default {
  printWidth: 100,
  // Their limit of three attributes on one line is met by one on each.
  singleAttributePerLine: true,
};
