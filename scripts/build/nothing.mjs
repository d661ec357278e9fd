/** Stands in for packages that a bundle never uses, or that must say nothing. */
export default undefined;
