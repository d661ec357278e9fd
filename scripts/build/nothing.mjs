/** Stands in for packages that a bundle never uses. */
export default {};
