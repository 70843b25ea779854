/** Which gateway the tests ask, and as whom. */

function given(name: string): string {
  const value = process.env[name];
  if (value === undefined || value === "") throw new Error(`set ${name}`);
  return value;
}

export const BFF_URL = given("BFF_URL");
export const TEACHER_TOKEN = given("TEACHER_TOKEN");
export const ADMIN_TOKEN = given("ADMIN_TOKEN");
