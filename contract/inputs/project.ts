import { allOf, atMost, matches, matching, not, startsWith } from "./condition";
import { inputs, text } from "./description";

/** What names and places everything. */
export const project = inputs({
  project_name: text({
    default: "awskrug_gudi",
    says: "Prefix of every name. Participants who share an account need one each.",
    conditions: [
      {
        must: () =>
          'start with a letter or digit and have only letters, digits, "_" and "-" (and not start with "sg-", which ' +
          "AWS keeps for itself)",
        ...allOf(matches("^[0-9A-Za-z][0-9A-Za-z_-]*$"), not(startsWith("sg-"))),
      },
      {
        must: () =>
          'have at most 52 characters, because the cluster\'s role is called "PROJECT_NAME-eks-cluster" and IAM ' +
          "allows 64",
        ...atMost(52),
        got: { js: (name) => `${String(name.length)}: ${name}`, hcl: (it) => `"\${length(${it})}: \${${it}}"` },
      },
    ],
  }),

  aws_region: text({
    default: "ap-northeast-2",
    says: "AWS region. AMIs, key pairs and zones belong to one region: change them together.",
    conditions: [
      matching(
        "^[a-z]{2,4}(-[a-z]+)+-[0-9]+$",
        "the name of a region, such as ap-northeast-2 (no zone letter at its end)",
        "`aws ec2 describe-regions` shows the names",
      ),
    ],
  }),
});
