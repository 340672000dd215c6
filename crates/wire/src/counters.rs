//! What was seen, put aside and given up, by reason.

macro_rules! counters {
    ($($(#[doc = $doc:literal])+ $name:ident,)+) => {
        /// Counts since the start. What is not delivered is counted here by its reason.
        #[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
        pub struct Counters {
            $($(#[doc = $doc])+ pub $name: u64,)+
        }

        impl Counters {
            /// Each counter by its name, in the order of declaration.
            pub fn iter(&self) -> impl Iterator<Item = (&'static str, u64)> + use<> {
                [$((stringify!($name), self.$name),)+].into_iter()
            }

            /// Adds what another has counted.
            pub const fn add(&mut self, other: &Self) {
                $(self.$name = self.$name.saturating_add(other.$name);)+
            }
        }
    };
}

/// The counters of what was heard and led to no conversation, although there may have been one in it.
const NOT_FOLLOWED: [&str; 19] = [
    "link_malformed",
    "link_unknown",
    "vlan_tags_excess",
    "mpls_labels_excess",
    "mpls_unknown",
    "ppp_not_ip",
    "nesting_excess",
    "tunnel_gre_unknown",
    "tunnel_erspan_unknown",
    "tunnel_vxlan_unknown",
    "not_ip_encrypted",
    "not_ip_other",
    "ip_malformed",
    "ip_encrypted",
    "ip_other",
    "ip_extensions_excess",
    "fragments_malformed",
    "fragments_timed_out",
    "fragments_ended",
];

impl Counters {
    /// What was heard and led to no conversation, although there may have been one in it, by reason; also where there
    /// was nothing of a kind. What is known to be of another kind (ARP, LLDP, GOOSE and the like) is not among it.
    pub fn not_followed(&self) -> impl Iterator<Item = (&'static str, u64)> + use<> {
        self.iter().filter(|(name, _)| NOT_FOLLOWED.contains(name))
    }
}

counters! {
    /// Frames taken.
    frames,
    /// Frames too short for their own headers, by the link layer's count.
    link_malformed,
    /// Frames of a link type that is not decoded.
    link_unknown,
    /// Frames with more VLAN tags than are followed.
    vlan_tags_excess,
    /// Frames with more MPLS labels than are followed.
    mpls_labels_excess,
    /// Frames whose MPLS labels lead to neither IP nor Ethernet, as far as can be told.
    mpls_unknown,
    /// Frames of a PPP session that do not carry plain IP.
    ppp_not_ip,
    /// Packets in more packets and frames than are followed.
    nesting_excess,
    /// IP packets in IP packets.
    tunnel_ip,
    /// Packets and frames in GRE.
    tunnel_gre,
    /// GRE that is not followed: version 1, source routing, another protocol.
    tunnel_gre_unknown,
    /// Mirrored frames in ERSPAN.
    tunnel_erspan,
    /// ERSPAN of another version or frame type.
    tunnel_erspan_unknown,
    /// Frames and packets in VXLAN.
    tunnel_vxlan,
    /// VXLAN of another protocol.
    tunnel_vxlan_unknown,
    /// ARP and RARP frames.
    not_ip_arp,
    /// ARP frames that are cut short or resolve something other than IPv4 over Ethernet.
    arp_unknown,
    /// IEEE 802.2 frames that do not carry IP: spanning tree and the like.
    not_ip_llc,
    /// LLDP frames.
    not_ip_lldp,
    /// IEC 61850 GOOSE and GSE management frames.
    not_ip_goose,
    /// IEC 61850 sampled values.
    not_ip_sampled_values,
    /// Precision time protocol frames.
    not_ip_ptp,
    /// PROFINET frames.
    not_ip_profinet,
    /// Redundancy supervision frames: PRP, HSR, MRP.
    not_ip_redundancy,
    /// Encrypted frames (MACsec).
    not_ip_encrypted,
    /// Frames of any other protocol that is not IP.
    not_ip_other,
    /// IP packets whose header does not fit its own lengths.
    ip_malformed,
    /// IP packets that carry neither TCP nor UDP.
    ip_icmp,
    /// Encrypted IP packets (ESP).
    ip_encrypted,
    /// IP packets of any other protocol.
    ip_other,
    /// IPv6 packets with more extension headers than are followed.
    ip_extensions_excess,
    /// Fragments taken.
    fragments,
    /// Fragmented datagrams put together.
    fragments_joined,
    /// Fragmented datagrams given up because a part did not come in time.
    fragments_timed_out,
    /// Fragmented datagrams given up because there were too many.
    fragments_evicted,
    /// Fragmented datagrams that were not whole at the end of the input.
    fragments_ended,
    /// Fragments whose place does not fit a datagram, or that were cut by the snap length.
    fragments_malformed,
    /// Octets of fragments that overlapped others with other content.
    fragments_overlap_differs,
    /// TCP segments taken.
    tcp_segments,
    /// TCP segments whose header does not fit its own lengths.
    tcp_malformed,
    /// TCP segments without a flow and without anything that opens one.
    tcp_without_flow,
    /// TCP keep-alive probes.
    tcp_keepalives,
    /// Octets heard again in TCP.
    tcp_repeated_octets,
    /// Copies of octets with other content for which there was no room, so that what they say was not judged.
    tcp_copies_dropped,
    /// TCP segments that came before one that precedes them.
    tcp_out_of_order,
    /// RST segments outside the window: ignored.
    tcp_reset_ignored,
    /// TCP segments far from where their direction stood, put aside until another agrees.
    tcp_stray,
    /// Such segments for which there was no room, so that a connection that was not heard to begin is known later.
    tcp_stray_dropped,
    /// Returns to a place in a direction that had been given up too early.
    tcp_returned,
    /// Octets of TCP payload delivered.
    tcp_octets,
    /// Octets of TCP payload given up as missing.
    tcp_gap_octets,
    /// Gaps given up after the patience for what the receiver had not acknowledged.
    gaps_by_patience,
    /// Gaps given up because the receiver had acknowledged the octets.
    gaps_by_acknowledgement,
    /// Gaps given up because a direction, or all flows together, held too much.
    gaps_by_limit,
    /// Gaps given up because the flow closed.
    gaps_by_closing,
    /// Gaps of octets cut off by the snap length.
    gaps_by_snap_length,
    /// Times that data waited in vain for the octets of the other direction that it acknowledges.
    order_waits_in_vain,
    /// UDP datagrams taken.
    udp_datagrams,
    /// UDP datagrams captured again, which are told once.
    udp_copies,
    /// UDP datagrams whose length does not fit.
    udp_malformed,
    /// Octets of UDP payload delivered.
    udp_octets,
    /// Segments and datagrams with a wrong checksum that were not delivered.
    checksum_wrong,
    /// Directions whose checksums are made by hardware after the capture.
    checksum_offloaded,
    /// Flows opened.
    flows_opened,
    /// Flows closed by FIN of both sides.
    flows_finished,
    /// Flows closed by RST.
    flows_reset,
    /// Flows closed because a new connection took their endpoints.
    flows_reused,
    /// Flows closed after silence.
    flows_idle,
    /// Flows evicted because the table was full: only one side had spoken.
    flows_evicted_unanswered,
    /// Flows evicted because the table was full: answered, but new.
    flows_evicted_answered,
    /// Flows evicted because the table was full: long-standing.
    flows_evicted_established,
    /// Flows open at the end of the input.
    flows_ended,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_not_followed_is_named_as_it_is_counted() {
        let counters = Counters { ip_other: 3, frames: 9, ..Counters::default() };
        let named: Vec<_> = counters.not_followed().collect();
        assert_eq!(named.len(), NOT_FOLLOWED.len());
        assert!(named.contains(&("ip_other", 3)) && !named.contains(&("frames", 9)));
    }

    #[test]
    fn every_counter_has_its_name() {
        let counters = Counters { frames: 7, ..Counters::default() };
        assert_eq!(counters.iter().next(), Some(("frames", 7)));
        assert!(counters.iter().skip(1).all(|(name, value)| !name.is_empty() && value == 0));
    }
}
