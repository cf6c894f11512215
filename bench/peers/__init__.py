"""Those who are measured: ptyd in two ways, and its peers, each behind the same interface."""

from bench.peers.base import Peer
from bench.peers.node_pty import NodePty
from bench.peers.ptyd import Ptyd
from bench.peers.ptyd_sdk import PtydBySdk
from bench.peers.terminado import Terminado
from bench.peers.tmux import Tmux

PTYD = Ptyd()
PTYD_BY_SDK = PtydBySdk()
TERMINADO = Terminado()
NODE_PTY = NodePty()
TMUX = Tmux()

PEER_BY_NAME: dict[str, Peer] = {peer.name: peer for peer in (PTYD, PTYD_BY_SDK, TERMINADO, NODE_PTY, TMUX)}
