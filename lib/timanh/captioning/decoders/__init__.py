"""The networks that write: an LSTM with attention, a small transformer, and
a pretrained language model behind a learned prefix."""

from timanh.captioning.decoders.decoder import Decoder, Search
from timanh.captioning.decoders.making import make_decoder

__all__ = ["Decoder", "Search", "make_decoder"]
