// Owns what `npm run guide` says, in English and in Japanese, in the words of AWS's guide to NAT instances. Data alone: every key
// stands in both languages with the same {places} (tools/guide-messages.test.ts).

import type { Language } from "../cli/language.ts";

const en = {
  title: "AWS's guide to NAT instances, on box {box}",
  startBox: "Start the box",
  boxStarted: "started, {endpoint}",
  boxWasUp: "it is up, {endpoint}",
  undo: "Take down what an earlier run of this guide left",
  undoNothing: "nothing was there",
  undoDone: "{count} resources deleted",

  headingImage: "Before you begin: create an AMI that's configured to run NAT on your instance",
  launchBuilder: "Launch an instance from {image}",
  waitBuilder: "Wait until it runs",
  command: "Run in it: {command}",
  createImage: "Create an AMI from it",
  waitImage: "Wait until the AMI is available",
  endBuilder: "Terminate the instance, its work is done",
  endBuilderDone: "shutting down",

  heading1: "1. Create a VPC with two subnets",
  createVpc: "Create a VPC, {cidr}",
  createPublicSubnet: "Create the public subnet, {cidr}",
  createPrivateSubnet: "Create the private subnet, {cidr}",
  attachGateway: "Attach an internet gateway to the VPC",
  createTable: "Create a custom route table that sends traffic destined outside the VPC to the internet gateway",
  associateTable: "Associate it with one subnet, making it a public subnet",

  heading2: "2. Create the NATSG security group",
  createNatGroup: "Create the group; revoke its default outbound rule",
  natInbound: "Inbound: HTTP and HTTPS from {cidr}, SSH from your network {network}",
  natOutbound: "Outbound: HTTP and HTTPS to 0.0.0.0/0",

  heading3: "3. Launch an instance into your public subnet from the AMI",
  createKey: "Create a key pair",
  launchNat: "Launch the NAT instance with NATSG and the key pair",

  heading4: "4. Disable the SrcDestCheck attribute for the NAT instance",
  disableCheck: "Disable source/destination checks",
  disabled: "disabled",

  heading5: "5. Associate an Elastic IP address with the NAT instance",
  allocate: "Allocate an Elastic IP address",
  associate: "Associate it with the NAT instance's network interface",

  heading6: "6. Update the main route table to send traffic to the NAT instance",
  mainRoute: "Add the route 0.0.0.0/0 to {instance}",

  headingTest: "Test your NAT instance configuration",
  testInbound: "NATSG inbound: all ICMP from {cidr}",
  testOutbound: "NATSG outbound: SSH to {cidr}, all ICMP to 0.0.0.0/0",
  createPrivateGroup: "Create a group for the private instance: SSH from {cidr}, all traffic out",
  launchPrivate: "Launch an instance into the private subnet, without a public IP address",
  pingFromNat: "ssh -A ec2-user@{address} from the laptop, from there: ping ietf.org",
  pingFromPrivate: "From there ssh ec2-user@{address}, from there: ping -c 3 ietf.org",
  checkIp: "From there: curl http://checkip.amazonaws.com",
  checkIpDone: "{address}, the NAT instance's Elastic IP address",
  sealed: "The laptop cannot reach the private instance itself",
  sealedDone: "neither ping nor ssh to {address} gets an answer",

  done: "Done in {seconds} s: the private instance reaches the internet through its NAT instance, and nothing on the internet reaches it.",
  picture: "The network",
  internet: "the box's internet",
  laptop: "your laptop",
  gateway: "internet gateway",
  publicSubnet: "public subnet",
  privateSubnet: "private subnet",
  natInstance: "NAT instance",
  privateInstance: "private instance",
  customTable: "custom route table",
  mainTable: "main route table",
  checkOff: "source/destination check off",
  noPublicAddress: "no public address",
  goOn: "Go on with",
  goOnShell: "to the NAT instance; from there: ssh ec2-user@{address}",
  goOnExec: "inside the private instance as root",
  goOnAws: "the API, with any client",
  goOnDrops: "which packets were dropped, where and why",
  goOnDown: "stop the box; its state stays",

  failed: "failed: {step}: {reason}. Look at: {look}",
  lookStatus: "{vpcbox} status",
  lookDrops: "{vpcbox} drops (packets dropped, by interface and reason)",
  lookConsole: "{vpcbox} console-output {instance} (its boot log)",
  lookUp: "npm run setup, and daemon.log in the box's state folder",
  reasonState: "{instance} became {state} ({detail})",
  reasonTimeout: "nothing changed for {seconds} s",
  reasonLoss: "no answer from ietf.org: {detail}",
  reasonAddress: "the internet sees {seen} and not {expected}",
  reasonReached: "the laptop got through to {address}",
  reasonNoImage: "there is no image {name}",
};

export type MessageKey = keyof typeof en;

const ja: Record<MessageKey, string> = {
  title: "AWS の NAT インスタンスの手順 (ボックス {box})",
  startBox: "ボックスを起動する",
  boxStarted: "起動しました {endpoint}",
  boxWasUp: "起動済みです {endpoint}",
  undo: "この手順の前回の実行で作成したリソースを削除する",
  undoNothing: "何も残っていません",
  undoDone: "{count} 個のリソースを削除しました",

  headingImage: "開始する前に: NAT インスタンスで実行するように設定する AMI を作成する",
  launchBuilder: "{image} からインスタンスを起動する",
  waitBuilder: "実行中になるまで待つ",
  command: "インスタンスで実行: {command}",
  createImage: "インスタンスから AMI を作成する",
  waitImage: "AMI が使用可能になるまで待つ",
  endBuilder: "役目を終えたインスタンスを終了する",
  endBuilderDone: "終了処理中",

  heading1: "1. 2 つのサブネットを持つ VPC を作成する",
  createVpc: "VPC {cidr} を作成する",
  createPublicSubnet: "パブリックサブネット {cidr} を作成する",
  createPrivateSubnet: "プライベートサブネット {cidr} を作成する",
  attachGateway: "インターネットゲートウェイを VPC にアタッチする",
  createTable: "VPC の外部を送信先とするトラフィックをインターネットゲートウェイに送信するカスタムルートテーブルを作成する",
  associateTable: "1 つのサブネットに関連付けて、パブリックサブネットにする",

  heading2: "2. NATSG セキュリティグループを作成する",
  createNatGroup: "グループを作成し、デフォルトのアウトバウンドルールを取り消す",
  natInbound: "インバウンド: {cidr} からの HTTP と HTTPS、お客様のネットワーク {network} からの SSH",
  natOutbound: "アウトバウンド: 0.0.0.0/0 への HTTP と HTTPS",

  heading3: "3. AMI からパブリックサブネット内にインスタンスを起動する",
  createKey: "キーペアを作成する",
  launchNat: "NATSG とキーペアを指定して NAT インスタンスを起動する",

  heading4: "4. NAT インスタンスの SrcDestCheck 属性を無効にする",
  disableCheck: "送信元/送信先チェックを無効にする",
  disabled: "無効",

  heading5: "5. Elastic IP アドレスを NAT インスタンスに関連付ける",
  allocate: "Elastic IP アドレスを割り当てる",
  associate: "NAT インスタンスのネットワークインターフェイスに関連付ける",

  heading6: "6. メインルートテーブルを更新して、NAT インスタンスにトラフィックを送信する",
  mainRoute: "ルート 0.0.0.0/0 -> {instance} を追加する",

  headingTest: "NAT インスタンスの設定のテスト",
  testInbound: "NATSG のインバウンド: {cidr} からのすべての ICMP",
  testOutbound: "NATSG のアウトバウンド: {cidr} への SSH、0.0.0.0/0 へのすべての ICMP",
  createPrivateGroup: "プライベートインスタンスのグループを作成する: {cidr} からの SSH、アウトバウンドはすべて許可",
  launchPrivate: "プライベートサブネット内に、パブリック IP アドレスなしでインスタンスを起動する",
  pingFromNat: "ラップトップから ssh -A ec2-user@{address}、そこから ping ietf.org",
  pingFromPrivate: "そこから ssh ec2-user@{address}、そこから ping -c 3 ietf.org",
  checkIp: "そこから curl http://checkip.amazonaws.com",
  checkIpDone: "{address} (NAT インスタンスの Elastic IP アドレス)",
  sealed: "ラップトップからプライベートインスタンスへは直接接続できない",
  sealedDone: "{address} への ping にも ssh にも応答なし",

  done: "{seconds} 秒で完了: プライベートインスタンスは NAT インスタンス経由でインターネットに接続でき、インターネットからは接続できません。",
  picture: "ネットワーク",
  internet: "ボックスのインターネット",
  laptop: "ラップトップ",
  gateway: "インターネットゲートウェイ",
  publicSubnet: "パブリックサブネット",
  privateSubnet: "プライベートサブネット",
  natInstance: "NAT インスタンス",
  privateInstance: "プライベートインスタンス",
  customTable: "カスタムルートテーブル",
  mainTable: "メインルートテーブル",
  checkOff: "送信元/送信先チェック無効",
  noPublicAddress: "パブリックアドレスなし",
  goOn: "続けて試すには",
  goOnShell: "NAT インスタンスに接続。そこから ssh ec2-user@{address}",
  goOnExec: "プライベートインスタンスの中 (root)",
  goOnAws: "API (どのクライアントでも)",
  goOnDrops: "どのパケットがどこでなぜ落とされたか",
  goOnDown: "ボックスを停止 (状態は残ります)",

  failed: "失敗: {step}: {reason}。確認するもの: {look}",
  lookStatus: "{vpcbox} status",
  lookDrops: "{vpcbox} drops (落とされたパケットのインターフェイスと理由)",
  lookConsole: "{vpcbox} console-output {instance} (起動ログ)",
  lookUp: "npm run setup と、ボックスの状態フォルダの daemon.log",
  reasonState: "{instance} が {state} になりました ({detail})",
  reasonTimeout: "{seconds} 秒間変化がありません",
  reasonLoss: "ietf.org から応答がありません: {detail}",
  reasonAddress: "インターネットから見えるのは {seen} で、{expected} ではありません",
  reasonReached: "ラップトップから {address} に届いてしまいました",
  reasonNoImage: "イメージ {name} がありません",
};

export const messages = { en, ja } as const satisfies Record<string, Record<MessageKey, string>>;
export type Places = Readonly<Record<string, string | number>>;

export function say(language: Language, key: MessageKey, places: Places = {}): string {
  return messages[language][key].replace(/\{(\w+)\}/g, (whole, name: string) => (name in places ? String(places[name]) : whole));
}
