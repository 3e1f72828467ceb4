#!/bin/bash
# Owns what a script around `aws` does with a box: a two-subnet VPC with NAT instance and NAT gateway, built, read, changed and removed.
# network.sh build|change|remove prints how many things it had to change; each may be run again and then changes nothing.
set -euo pipefail
changes=0
ec2() { /usr/bin/aws --endpoint-url "$BOX_ENDPOINT" --output text ec2 "$@"; }
changed() { changes=$((changes + 1)); echo "$*" >&2; }
tags() { echo "ResourceType=$1,Tags=[{Key=Name,Value=$2},{Key=made-by,Value=clients-aws}]"; }
# ensure VARIABLE 'what finds it' 'what makes it': both print an id.
ensure() {
  local found
  found=$(eval "$2")
  if [ -z "$found" ] || [ "$found" = None ]; then found=$(eval "$3"); changed "$1"; fi
  printf -v "$1" %s "$found"
}
# named COMMAND LIST FIELD NAME: the id of what has that Name in this VPC.
named() { ec2 "$1" --filters Name=tag:made-by,Values=clients-aws "Name=tag:Name,Values=$4" --query "$2[0].$3"; }
# image WHAT: of a list of names and ids, whose name begins with it; live NAME: of a list of Name tags and ids.
image() { awk -v name="$1" 'index($1, name) == 1 { print $2; exit }' <<<"$images"; }
live() { awk -v name="$1" '$1 == name { print $2; exit }' <<<"$instances"; }
# table NAME SUBNET TARGET...: a route table of its own for that subnet, with a default route.
table() {
  local name=$1 subnet=$2 id of route; shift 2
  read -r id of route <<<"$(awk -v name="$name" '$1 == name { print $2, $3, $4 }' <<<"$tables")"
  [ "${id:-None}" != None ] || { id=$(ec2 create-route-table --vpc-id "$VPC" --tag-specifications "$(tags route-table "$name")" --query RouteTable.RouteTableId); changed "table $name"; }
  [ "${of:-}" = "$subnet" ] || { ec2 associate-route-table --route-table-id "$id" --subnet-id "$subnet" >/dev/null; changed "associate $name"; }
  [ "${route:-}" = active ] || { ec2 create-route --route-table-id "$id" --destination-cidr-block 0.0.0.0/0 "$@" >/dev/null; changed "route of $name"; }
}

build() {
  ensure VPC "named describe-vpcs Vpcs VpcId aws" "ec2 create-vpc --cidr-block 10.40.0.0/16 --tag-specifications '$(tags vpc aws)' --query Vpc.VpcId"
  local subnets gateway
  subnets=$(ec2 describe-subnets --filters "Name=vpc-id,Values=$VPC" --query 'Subnets[].[CidrBlock,SubnetId]')
  for subnet in PUBLIC:10.40.0.0/24 PRIVATE:10.40.1.0/24 BEHIND:10.40.2.0/24; do
    ensure "${subnet%%:*}" "awk '\$1 == \"${subnet#*:}\" { print \$2 }' <<<'$subnets'" "ec2 create-subnet --vpc-id $VPC --cidr-block ${subnet#*:} --tag-specifications '$(tags subnet "${subnet%%:*}")' --query Subnet.SubnetId"
  done
  gateway=$(ec2 describe-internet-gateways --filters Name=tag:made-by,Values=clients-aws --query 'InternetGateways[0].[InternetGatewayId,Attachments[0].VpcId]')
  ensure IGW "cut -f 1 <<<'$gateway'" "ec2 create-internet-gateway --tag-specifications '$(tags internet-gateway aws)' --query InternetGateway.InternetGatewayId"
  [ "${gateway#*	}" = "$VPC" ] || { ec2 attach-internet-gateway --internet-gateway-id "$IGW" --vpc-id "$VPC"; changed attach; }
  ensure GROUP "named describe-security-groups SecurityGroups GroupId NATSG" "ec2 create-security-group --group-name NATSG --description NAT --vpc-id $VPC --tag-specifications '$(tags security-group NATSG)' --query GroupId"
  local rules=()
  for rule in tcp:80 tcp:443 icmp:-1; do rules+=("IpProtocol=${rule%:*},FromPort=${rule#*:},ToPort=${rule#*:},IpRanges=[{CidrIp=10.40.1.0/24}]"); done
  if ec2 authorize-security-group-ingress --group-id "$GROUP" --ip-permissions "${rules[@]}" >/dev/null 2>"$PROBLEM"; then for rule in "${rules[@]}"; do changed "rule $rule"; done
  else grep -q InvalidPermission.Duplicate "$PROBLEM"; fi
  local images instances tables
  images=$(ec2 describe-images --owners amazon --query 'Images[].[Name,ImageId]')
  instances=$(ec2 describe-instances --filters Name=tag:made-by,Values=clients-aws Name=instance-state-name,Values=pending,running --query "Reservations[].Instances[].[Tags[?Key=='Name']|[0].Value,InstanceId]")
  tables=$(ec2 describe-route-tables --filters Name=tag:made-by,Values=clients-aws --query "RouteTables[].[Tags[?Key=='Name']|[0].Value,RouteTableId,Associations[0].SubnetId,Routes[?DestinationCidrBlock=='0.0.0.0/0']|[0].State]")
  ensure NAT "live aws-nat" "ec2 run-instances --image-id $(image amzn-ami-vpc-nat-) --instance-type t3.micro --subnet-id $PUBLIC --security-group-ids $GROUP --associate-public-ip-address --tag-specifications '$(tags instance aws-nat)' --query 'Instances[0].InstanceId'"
  local state check
  until read -r state check <<<"$(ec2 describe-instances --instance-ids "$NAT" --query 'Reservations[0].Instances[0].[State.Name,SourceDestCheck]')" && [ "$state" = running ]; do sleep 0.2; done
  [ "$check" = False ] || { ec2 modify-instance-attribute --instance-id "$NAT" --no-source-dest-check; changed check; }
  ensure EIP "named describe-addresses Addresses AllocationId aws" "ec2 allocate-address --domain vpc --tag-specifications '$(tags elastic-ip aws)' --query AllocationId"
  ensure GATEWAY "ec2 describe-nat-gateways --filter Name=vpc-id,Values=$VPC Name=state,Values=pending,available --query 'NatGateways[0].NatGatewayId'" "ec2 create-nat-gateway --subnet-id $PUBLIC --allocation-id $EIP --tag-specifications '$(tags natgateway aws)' --query NatGateway.NatGatewayId"
  until [ "$(ec2 describe-nat-gateways --nat-gateway-ids "$GATEWAY" --query 'NatGateways[0].State')" = available ]; do sleep 0.2; done
  table public "$PUBLIC" --gateway-id "$IGW"
  table private "$PRIVATE" --instance-id "$NAT"
  table behind "$BEHIND" --nat-gateway-id "$GATEWAY"
  ensure INNER "live aws-private" "ec2 run-instances --image-id $(image al2023-ami-) --instance-type t3.micro --subnet-id $PRIVATE --tag-specifications '$(tags instance aws-private)' --query 'Instances[0].InstanceId'"
  ensure OTHER "live aws-behind" "ec2 run-instances --image-id $(image al2023-ami-) --instance-type t3.micro --subnet-id $BEHIND --tag-specifications '$(tags instance aws-behind)' --query 'Instances[0].InstanceId'"
  ec2 wait instance-status-ok --instance-ids "$INNER" "$OTHER"
  echo "$INNER $OTHER"
}

change() {
  GROUP=$(named describe-security-groups SecurityGroups GroupId NATSG)
  [ "$(ec2 describe-security-groups --group-ids "$GROUP" --query "SecurityGroups[0].IpPermissions[?FromPort==\`22\`].IpRanges[0].CidrIp")" = 192.0.2.0/24 ] || { ec2 authorize-security-group-ingress --group-id "$GROUP" --protocol tcp --port 22 --cidr 192.0.2.0/24 >/dev/null; changed ssh; }
}

remove() {
  VPC=$(named describe-vpcs Vpcs VpcId aws)
  [ "$VPC" != None ] || return 0
  local instances
  instances=$(ec2 describe-instances --filters "Name=vpc-id,Values=$VPC" Name=instance-state-name,Values=pending,running,stopping,stopped --query 'Reservations[].Instances[].InstanceId')
  if [ -n "$instances" ]; then ec2 terminate-instances --instance-ids $instances >/dev/null; for id in $instances; do changed "$id"; done; fi
  until [ -z "$(ec2 describe-instances --filters "Name=vpc-id,Values=$VPC" Name=instance-state-name,Values=shutting-down --query 'Reservations[].Instances[].InstanceId')" ]; do sleep 0.2; done
  for id in $(ec2 describe-nat-gateways --filter "Name=vpc-id,Values=$VPC" Name=state,Values=pending,available --query 'NatGateways[].NatGatewayId'); do ec2 delete-nat-gateway --nat-gateway-id "$id" >/dev/null; until [ "$(ec2 describe-nat-gateways --nat-gateway-ids "$id" --query 'NatGateways[0].State')" = deleted ]; do sleep 0.2; done; changed "$id"; done
  for id in $(ec2 describe-addresses --filters Name=tag:made-by,Values=clients-aws --query 'Addresses[].AllocationId'); do ec2 release-address --allocation-id "$id"; changed "$id"; done
  ec2 describe-route-tables --filters "Name=vpc-id,Values=$VPC" Name=tag:made-by,Values=clients-aws --query 'RouteTables[].[RouteTableId,Associations[0].RouteTableAssociationId]' >"$PROBLEM"
  while read -r id association <&3; do
    [ "$association" = None ] || ec2 disassociate-route-table --association-id "$association"
    ec2 delete-route-table --route-table-id "$id"; changed "$id"
  done 3<"$PROBLEM"
  for id in $(ec2 describe-internet-gateways --filters "Name=attachment.vpc-id,Values=$VPC" --query 'InternetGateways[].InternetGatewayId'); do ec2 detach-internet-gateway --internet-gateway-id "$id" --vpc-id "$VPC"; ec2 delete-internet-gateway --internet-gateway-id "$id"; changed "$id"; done
  for id in $(ec2 describe-subnets --filters "Name=vpc-id,Values=$VPC" --query 'Subnets[].SubnetId'); do ec2 delete-subnet --subnet-id "$id"; changed "$id"; done
  for id in $(ec2 describe-security-groups --filters "Name=vpc-id,Values=$VPC" Name=group-name,Values=NATSG --query 'SecurityGroups[].GroupId'); do ec2 delete-security-group --group-id "$id" >/dev/null; changed "$id"; done
  ec2 delete-vpc --vpc-id "$VPC"; changed VPC
}

PROBLEM=$(mktemp)
trap 'rm -f "$PROBLEM"' EXIT
"$1"
echo "changes: $changes"
