// Owns the least that a kernel program between client, NAT and server does: it hands each packet to whom it is for, and decides nothing. What
// is measured through it is what the kernel's own redirection costs (redirect.ts).
#include <linux/bpf.h>
#include <linux/if_ether.h>
#include <linux/ip.h>
#include <linux/pkt_cls.h>
#include <bpf/bpf_endian.h>
#include <bpf/bpf_helpers.h>

const volatile __u32 client = 0, nat = 0, server = 0; // their links; set before the program is loaded

SEC("tc") int redirect(struct __sk_buff *skb) {
  struct iphdr *ip = (void *)(long)skb->data + ETH_HLEN;
  if ((void *)(ip + 1) > (void *)(long)skb->data_end) return TC_ACT_SHOT;
  if (skb->ifindex != nat) return bpf_redirect_peer(nat, 0);
  return bpf_redirect_peer(ip->daddr == bpf_htonl(0x0a00010a) ? client : server, 0); // 10.0.1.10
}

char _license[] SEC("license") = "GPL";
