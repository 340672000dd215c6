//! Conversations that open, or are tried.

use gridtap_model::{Endpoint, LinkEvent, Observation};

use crate::baseline::Baseline;
use crate::key::Flags;
use crate::message::Ends;
use crate::path::{Path, protocol_has_port};
use crate::verdict::{Access, Declared, LearnedRate, Level, NewKey, Verdict};
use crate::zone::News;

impl Baseline {
    #[cold]
    pub(super) fn judge_link(&self, observation: &Observation<'_>, event: LinkEvent) -> Verdict {
        let (zone, time) = (observation.zone, observation.time);
        let tables = &self.tables;
        let known =
            |path: &Path| tables.find_path(path).is_some_and(|id| tables.is_known(id, time));
        let host =
            |address| known(&Path::Host { zone, address }) || self.site.has_host(zone, address);
        let ends = self.ends(observation, event);
        let conversation = ends.path();
        // A standby that takes its master's place opens what that one opened.
        let first = || self.site.stands_in_for(ends.client).into_iter();
        let conversation_known =
            known(&conversation) || first().any(|client| known(&Ends { client, ..ends }.path()));
        let access = Access {
            host_known: host(ends.client),
            peer_known: host(ends.server),
            conversation_known,
            ..Access::default()
        };
        let state = self.zone(zone);
        let new_host = !(access.host_known && access.peer_known);
        let news = if new_host { News::Host } else { News::Conversation };
        let judged = matches!(event, LinkEvent::Opened { .. } | LinkEvent::Attempted { .. });
        let new = judged && (new_host || !access.conversation_known);
        let id = tables.find_path(&conversation);
        let key = id.and_then(|id| tables.key(id));
        Verdict {
            armed: self.judges_in(zone),
            new_at: new.then_some(Level::Flow),
            declared: Declared::Open,
            access,
            first_new_point: None,
            rate: state.map_or(LearnedRate::UNHEARD, |state| state.rate(news, self.block_ns())),
            provisional: !new && key.is_some_and(|key| key.is_provisional()),
            held: new && key.is_some_and(|key| key.flags.has(Flags::HELD)),
            accepted: id.is_some_and(|id| tables.is_accepted(id, time)),
            absent_since: key
                .filter(|key| time.since_ns(key.last) > self.config.absent_after.nanos())
                .map(|key| key.last),
            since: state.map(|state| state.first()),
            key: new.then_some(NewKey(conversation)),
        }
    }

    /// Who is client and who is server in a link event.
    ///
    /// Without a handshake the sides are guessed: a conversation that is known the other way round is
    /// that one, and otherwise the lower port is the server's.
    pub(crate) fn ends(&self, observation: &Observation<'_>, event: LinkEvent) -> Ends {
        let Observation { zone, protocol, source, destination, .. } = *observation;
        let ends = |client: Endpoint, server: Endpoint| Ends {
            zone,
            protocol,
            client: client.address,
            server: server.address,
            port: if protocol_has_port(protocol) { server.port } else { 0 },
        };
        let (forth, back) = (ends(source, destination), ends(destination, source));
        if !matches!(event, LinkEvent::Opened { handshake: false }) {
            return forth;
        }
        let is_there = |ends: &Ends| self.tables.find_path(&ends.path()).is_some();
        if is_there(&forth) || !is_there(&back) && destination.port <= source.port {
            forth
        } else {
            back
        }
    }
}
