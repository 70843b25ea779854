/** Gateway and tokens of the integration tests, from the environment. */

function requiredVariable(name: string): string {
  const value = process.env[name];
  if (value === undefined || value === "") throw new Error(`set ${name}`);
  return value;
}

export const BFF_URL = requiredVariable("BFF_URL");
export const TEACHER_TOKEN = requiredVariable("TEACHER_TOKEN");
export const ADMIN_TOKEN = requiredVariable("ADMIN_TOKEN");
