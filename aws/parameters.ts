import { GetParameterCommand, GetParametersCommand, type SSMClient } from "@aws-sdk/client-ssm";

import { ifThere, inBatches } from "./answers";

/** The value of a parameter; undefined when there is none of that name. */
export async function readParameter(ssm: SSMClient, Name: string): Promise<string | undefined> {
  return (await ifThere(ssm.send(new GetParameterCommand({ Name }))))?.Parameter?.Value;
}

/** @see https://docs.aws.amazon.com/systems-manager/latest/APIReference/API_GetParameters.html */
const PARAMETERS_AT_ONCE = 10;

/** Values of parameters by their names; one that does not exist is left out. */
export async function readParameters(ssm: SSMClient, names: readonly string[]): Promise<Map<string, string>> {
  const values = new Map<string, string>();
  for (const Names of inBatches(names, PARAMETERS_AT_ONCE)) {
    const { Parameters = [] } = await ssm.send(new GetParametersCommand({ Names }));
    for (const { Name = "", Value = "" } of Parameters) values.set(Name, Value);
  }
  return values;
}
