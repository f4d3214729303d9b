/** A tfvars file that Terraform refuses, and the words that have to be in the answer. */
export type WrongInput = readonly [what: string, tfvars: string, message: string];

/** A tfvars file that is unusual and right. */
export type GoodInput = readonly [what: string, tfvars: string];
