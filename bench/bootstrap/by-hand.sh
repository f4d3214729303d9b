# What somebody would type into one `ssh bastion sh -s`: no reading first, no second run, no way back. The limit.
set -eu
export PATH="$root/usr/local/bin:$PATH"
mkdir -p "$root/usr/local/bin" "$root/usr/local/aws-cli" "$root/etc/profile.d" "$root/root/.aws" "$HOME/.aws"
get() {
  curl -fsSL -o "$3" "$1"
  echo "$2  $3" | sha256sum --check --quiet
}
get "$aws_url" "$aws_sha256" "$root/usr/local/aws-cli/aws.zip"
unzip -qo "$root/usr/local/aws-cli/aws.zip" -d "$root/usr/local/aws-cli"
for program in aws aws_completer; do ln -sf "../aws-cli/aws/dist/$program" "$root/usr/local/bin/$program"; done
get "$kubectl_url" "$kubectl_sha256" "$root/usr/local/bin/kubectl"
get "$authenticator_url" "$authenticator_sha256" "$root/usr/local/bin/aws-iam-authenticator"
chmod 0755 "$root/usr/local/bin/kubectl" "$root/usr/local/bin/aws-iam-authenticator"
for home in "$HOME" "$root/root"; do
  printf '[default]\nregion = %s\n' "$region" >"$home/.aws/config"
  aws eks update-kubeconfig --name "$cluster" --region "$region" --kubeconfig "$home/.kube/config"
done
printf '%s' "$profile" >"$root/etc/profile.d/eks-hands-on.sh"
printf '%s' "$aws_auth" | kubectl --kubeconfig "$HOME/.kube/config" apply --filename -
until [ "$(kubectl --kubeconfig "$HOME/.kube/config" get nodes --no-headers | grep -cw Ready)" -ge "$count" ]; do
  sleep 1
done
kubectl --kubeconfig "$HOME/.kube/config" get nodes
