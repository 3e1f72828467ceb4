# Owns what a boto3 user's script does with a box: a two-subnet VPC with NAT instance and NAT gateway, built, read, changed and removed.
# `network.py build|change|remove` prints how many things it had to change; each may be run again and then changes nothing.
import os
import sys
import boto3
from botocore.exceptions import ClientError

NAME = "clients-boto3"
ec2 = boto3.client("ec2", endpoint_url=os.environ["BOX_ENDPOINT"])
changes = 0


def changed(what):
    global changes
    changes += 1
    print(what, file=sys.stderr)


def tags(kind, name=NAME):
    return [{"ResourceType": kind, "Tags": [{"Key": "Name", "Value": name}, {"Key": "made-by", "Value": NAME}]}]


def every(operation, key, **arguments):
    return [item for page in ec2.get_paginator(operation).paginate(**arguments) for item in page[key]]


def by(filters):
    return [{"Name": name, "Values": values if isinstance(values, list) else [values]} for name, values in filters.items()]


def ensure(found, make, what):
    if found:
        return found[0]
    changed(f"make {what}")
    return make()


def already(code, call, what):
    try:
        call()
        changed(what)
    except ClientError as error:
        if error.response["Error"]["Code"] != code:
            raise


def vpc_of():
    return every("describe_vpcs", "Vpcs", Filters=by({"tag:Name": NAME}))


def subnet(vpc, cidr, name):
    return ensure(every("describe_subnets", "Subnets", Filters=by({"vpc-id": vpc, "cidr-block": cidr})), lambda: ec2.create_subnet(VpcId=vpc, CidrBlock=cidr, TagSpecifications=tags("subnet", name))["Subnet"], f"subnet {cidr}")["SubnetId"]


def table(vpc, name, subnet_id, **target):
    found = ensure(every("describe_route_tables", "RouteTables", Filters=by({"vpc-id": vpc, "tag:Name": name})), lambda: ec2.create_route_table(VpcId=vpc, TagSpecifications=tags("route-table", name))["RouteTable"], f"table {name}")
    if not any(a.get("SubnetId") == subnet_id for a in found["Associations"]):
        ec2.associate_route_table(RouteTableId=found["RouteTableId"], SubnetId=subnet_id)
        changed(f"associate {name}")
    if not any(r.get("DestinationCidrBlock") == "0.0.0.0/0" and r["State"] == "active" for r in found["Routes"]):
        ec2.create_route(RouteTableId=found["RouteTableId"], DestinationCidrBlock="0.0.0.0/0", **target)
        changed(f"route of {name}")


def image(name):
    return sorted(ec2.describe_images(Owners=["amazon"], Filters=by({"name": name}))["Images"], key=lambda i: i["CreationDate"])[-1]["ImageId"]


def instance(name, image_id, subnet_id, group, **more):
    found = every("describe_instances", "Reservations", Filters=by({"tag:Name": name, "instance-state-name": ["pending", "running"]}))
    if found:
        return found[0]["Instances"][0]["InstanceId"]
    changed(f"launch {name}")
    network = {"DeviceIndex": 0, "SubnetId": subnet_id, "Groups": [group], **more}
    made = ec2.run_instances(ImageId=image_id, InstanceType="t3.micro", MinCount=1, MaxCount=1, NetworkInterfaces=[network], TagSpecifications=tags("instance", name))
    return made["Instances"][0]["InstanceId"]


def build():
    vpc = ensure(vpc_of(), lambda: ec2.create_vpc(CidrBlock="10.30.0.0/16", TagSpecifications=tags("vpc"))["Vpc"], "VPC")["VpcId"]
    ec2.get_waiter("vpc_available").wait(VpcIds=[vpc])
    public, private, behind = subnet(vpc, "10.30.0.0/24", "public"), subnet(vpc, "10.30.1.0/24", "private"), subnet(vpc, "10.30.2.0/24", "private-gateway")
    ec2.get_waiter("subnet_available").wait(SubnetIds=[public, private, behind])
    igw = ensure(every("describe_internet_gateways", "InternetGateways", Filters=by({"tag:Name": NAME})), lambda: ec2.create_internet_gateway(TagSpecifications=tags("internet-gateway"))["InternetGateway"], "gateway")
    if not igw["Attachments"]:
        ec2.attach_internet_gateway(InternetGatewayId=igw["InternetGatewayId"], VpcId=vpc)
        changed("attach")
    group = ensure(every("describe_security_groups", "SecurityGroups", Filters=by({"vpc-id": vpc, "group-name": "NATSG"})), lambda: ec2.create_security_group(GroupName="NATSG", Description="NAT instance", VpcId=vpc, TagSpecifications=tags("security-group", "NATSG")), "group")["GroupId"]
    for permission in [{"IpProtocol": "tcp", "FromPort": 80, "ToPort": 80}, {"IpProtocol": "icmp", "FromPort": -1, "ToPort": -1}]:
        already("InvalidPermission.Duplicate", lambda: ec2.authorize_security_group_ingress(GroupId=group, IpPermissions=[{**permission, "IpRanges": [{"CidrIp": "10.30.1.0/24"}]}]), "rule")
    nat = instance("boto3-nat", image("amzn-ami-vpc-nat-*"), public, group, AssociatePublicIpAddress=True)
    ec2.get_waiter("instance_running").wait(InstanceIds=[nat], WaiterConfig={"Delay": 1})
    if ec2.describe_instance_attribute(InstanceId=nat, Attribute="sourceDestCheck")["SourceDestCheck"]["Value"]:
        ec2.modify_instance_attribute(InstanceId=nat, SourceDestCheck={"Value": False})
        changed("source/destination check")
    address = ensure(ec2.describe_addresses(Filters=by({"tag:Name": NAME}))["Addresses"], lambda: ec2.allocate_address(Domain="vpc", TagSpecifications=tags("elastic-ip")), "address")
    gateway = ensure(every("describe_nat_gateways", "NatGateways", Filters=by({"vpc-id": vpc, "state": ["pending", "available"]})), lambda: ec2.create_nat_gateway(SubnetId=public, AllocationId=address["AllocationId"], TagSpecifications=tags("natgateway"))["NatGateway"], "NAT gateway")["NatGatewayId"]
    ec2.get_waiter("nat_gateway_available").wait(NatGatewayIds=[gateway], WaiterConfig={"Delay": 1})
    table(vpc, "public", public, GatewayId=igw["InternetGatewayId"])
    table(vpc, "private", private, InstanceId=nat)
    table(vpc, "private-gateway", behind, NatGatewayId=gateway)
    default = every("describe_security_groups", "SecurityGroups", Filters=by({"vpc-id": vpc, "group-name": "default"}))[0]["GroupId"]
    inner = instance("boto3-private", image("al2023-ami-*"), private, default)
    ec2.get_waiter("instance_status_ok").wait(InstanceIds=[inner], WaiterConfig={"Delay": 1})
    print(inner)


def change():
    group = every("describe_security_groups", "SecurityGroups", Filters=by({"group-name": "NATSG"}))[0]
    if not any(p.get("FromPort") == 443 for p in group["IpPermissions"]):
        ec2.authorize_security_group_ingress(GroupId=group["GroupId"], IpPermissions=[{"IpProtocol": "tcp", "FromPort": 443, "ToPort": 443, "IpRanges": [{"CidrIp": "10.30.1.0/24", "Description": "web"}]}])
        changed("rule 443")
    vpc = vpc_of()[0]
    if not any(t["Key"] == "stage" for t in vpc["Tags"]):
        ec2.create_tags(Resources=[vpc["VpcId"]], Tags=[{"Key": "stage", "Value": "test"}])
        changed("tag")


def remove():
    for vpc in [v["VpcId"] for v in vpc_of()]:
        ids = [i["InstanceId"] for r in every("describe_instances", "Reservations", Filters=by({"vpc-id": vpc, "instance-state-name": ["pending", "running", "stopping", "stopped"]})) for i in r["Instances"]]
        if ids:
            ec2.terminate_instances(InstanceIds=ids)
            ec2.get_waiter("instance_terminated").wait(InstanceIds=ids, WaiterConfig={"Delay": 1})
            changed("instances")
        gateways = [g["NatGatewayId"] for g in every("describe_nat_gateways", "NatGateways", Filters=by({"vpc-id": vpc, "state": ["pending", "available"]}))]
        for gateway in gateways:
            ec2.delete_nat_gateway(NatGatewayId=gateway)
            changed("NAT gateway")
        if gateways:
            ec2.get_waiter("nat_gateway_deleted").wait(NatGatewayIds=gateways, WaiterConfig={"Delay": 1})
        for address in ec2.describe_addresses(Filters=by({"tag:Name": NAME}))["Addresses"]:
            ec2.release_address(AllocationId=address["AllocationId"])
            changed("address")
        for route_table in every("describe_route_tables", "RouteTables", Filters=by({"vpc-id": vpc, "tag:made-by": NAME})):
            for association in route_table["Associations"]:
                ec2.disassociate_route_table(AssociationId=association["RouteTableAssociationId"])
            ec2.delete_route_table(RouteTableId=route_table["RouteTableId"])
            changed("table")
        for igw in every("describe_internet_gateways", "InternetGateways", Filters=by({"attachment.vpc-id": vpc})):
            ec2.detach_internet_gateway(InternetGatewayId=igw["InternetGatewayId"], VpcId=vpc)
            ec2.delete_internet_gateway(InternetGatewayId=igw["InternetGatewayId"])
            changed("gateway")
        for part in every("describe_subnets", "Subnets", Filters=by({"vpc-id": vpc})):
            ec2.delete_subnet(SubnetId=part["SubnetId"])
            changed("subnet")
        for group in every("describe_security_groups", "SecurityGroups", Filters=by({"vpc-id": vpc, "group-name": "NATSG"})):
            ec2.delete_security_group(GroupId=group["GroupId"])
            changed("group")
        ec2.delete_vpc(VpcId=vpc)
        changed("VPC")


{"build": build, "change": change, "remove": remove}[sys.argv[1]]()
print(f"changes: {changes}")
