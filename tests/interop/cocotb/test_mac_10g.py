# SPDX-License-Identifier: Apache-2.0
"""mac_10g against the XGMII and AXI4-Stream models of cocotbext: bytes, lanes, gaps and faults."""
import logging
import random

import cocotb
from cocotb.clock import Clock
from cocotb.triggers import ClockCycles, Combine, RisingEdge, with_timeout
from cocotbext.axi import AxiStreamBus, AxiStreamFrame, AxiStreamSink, AxiStreamSource
from cocotbext.eth import XgmiiFrame, XgmiiSink, XgmiiSource

PERIOD_PS = 6400  # 156.25 MHz
START_CODE = 0xFB  # 802.3-2022 table 46-3
ERROR_CODE = 0xFE
MAX_PAYLOAD = 9214  # with the FCS the wrapper's limit
LENGTHS = [*range(60, 133), 511, 512, 513, 1514, MAX_PAYLOAD, *[60] * 12]
PULSES = ("tx_good_frame", "tx_error_frame", "tx_error_underflow", "rx_good_frame", "rx_error_bad_frame",
          "rx_error_bad_fcs", "rx_error_runt", "rx_error_oversize", "rx_error_code")


class Bench:
    """Both sides of the MAC, the two clocks half a cycle apart, and a count of every status pulse."""

    def __init__(self, dut):
        logging.getLogger(f"cocotb.{dut._name}").setLevel(logging.ERROR)  # the models log every frame
        self.dut = dut
        self.wire_in = XgmiiSource(dut.xgmii_rxd, dut.xgmii_rxc, dut.rx_clk, dut.rx_rst)
        self.wire_out = XgmiiSink(dut.xgmii_txd, dut.xgmii_txc, dut.tx_clk, dut.tx_rst)
        self.client_in = AxiStreamSource(AxiStreamBus.from_prefix(dut, "tx_axis"), dut.tx_clk, dut.tx_rst)
        self.client_out = AxiStreamSink(AxiStreamBus.from_prefix(dut, "rx_axis"), dut.rx_clk, dut.rx_rst)
        self.count = dict.fromkeys(PULSES, 0)
        self.reset_levels(0)
        dut.cfg_ifg.setimmediatevalue(12)
        dut.cfg_tx_enable.setimmediatevalue(1)
        dut.cfg_rx_enable.setimmediatevalue(1)
        cocotb.start_soon(Clock(dut.rx_clk, PERIOD_PS, units="ps").start())
        cocotb.start_soon(Clock(dut.tx_clk, PERIOD_PS, units="ps").start(start_high=False))

    def reset_levels(self, level):
        self.dut.rx_rst.value = level
        self.dut.tx_rst.value = level

    async def reset(self):
        self.reset_levels(1)
        await ClockCycles(self.dut.rx_clk, 4)
        self.reset_levels(0)
        await ClockCycles(self.dut.rx_clk, 2)

    async def start(self):
        await ClockCycles(self.dut.rx_clk, 2)
        await self.reset()
        cocotb.start_soon(self._pulses("tx_"))
        cocotb.start_soon(self._pulses("rx_"))
        return self

    def again(self, ifg=12):
        """To be called while the MAC is quiet."""
        self.count.update(dict.fromkeys(PULSES, 0))
        self.wire_in.ifg = ifg
        self.dut.cfg_ifg.value = ifg

    async def _pulses(self, side):
        clock = RisingEdge(getattr(self.dut, side + "clk"))
        wires = {name: getattr(self.dut, name) for name in PULSES if name.startswith(side)}
        while True:
            await clock
            for name, wire in wires.items():
                self.count[name] += int(wire.value)

    async def quiet(self):
        """Until the MAC is idle; nothing may be left over then."""
        await ClockCycles(self.dut.tx_clk, 12)
        while int(self.dut.tx_busy.value) or int(self.dut.rx_busy.value):
            await RisingEdge(self.dut.tx_clk)
        await ClockCycles(self.dut.tx_clk, 2)
        assert self.wire_out.empty() and self.client_out.empty()

    async def sent(self):
        return await with_timeout(self.wire_out.recv(), 100, "us")

    async def received(self):
        """A frame at the client and whether it was flagged; the flag may stand on the last beat only."""
        frame = await with_timeout(self.client_out.recv(), 100, "us")
        if not isinstance(frame.tuser, list):  # the same on all beats
            assert not frame.tuser or len(frame.tdata) <= 8
            return bytes(frame.tdata), bool(frame.tuser)
        assert not any(frame.tuser[: (len(frame.tdata) - 1) // 8 * 8])
        return bytes(frame.tdata), bool(frame.tuser[-1])

    def expect_counts(self, **expected):
        for name in PULSES:
            assert self.count[name] == expected.get(name, 0), (name, self.count)


def payload(length, seed=0):
    return random.Random(length * 1009 + seed).randbytes(length)


def check_good(frame, data):
    assert frame.ctrl is None
    assert bytes(frame.get_preamble()) == b"\x55" * 7 + b"\xd5"
    assert frame.check_fcs()
    assert bytes(frame.get_payload()) == data + bytes(max(60 - len(data), 0))


def check_errored(frame, data, shortened=False):
    """The frame ends in an error code (the model stops at the first); before it, its data and pad.

    Shortened: only a beginning of the data.
    """
    assert frame.data[-1] == ERROR_CODE and frame.ctrl.index(1) == len(frame.data) - 1
    body = bytes(frame.data[8:-1])
    assert len(body) >= 60
    if shortened:
        assert data.startswith(body.rstrip(b"\0"))
    else:
        assert body == data + bytes(max(60 - len(data), 0))


async def watch_starts(dut, starts):
    """Collects the positions of starts on the wire, in bytes."""
    cycle = 0
    while True:
        await RisingEdge(dut.tx_clk)
        cycle += 1
        control = int(dut.xgmii_txc.value)
        if control in (0x01, 0x1F):
            lane = 0 if control == 0x01 else 4
            assert int(dut.xgmii_txd.value) >> (8 * lane) & 0xFF == START_CODE
            starts.append(8 * cycle + lane)


def expected_starts(sizes, ifg):
    """Byte positions of starts after 46.3.1.4: as early as the deficit of three allows, on a column."""
    at, deficit, starts = 0, 0, []
    for size in sizes:
        starts.append(at)
        due = at + 8 + size + 4 + ifg  # preamble, frame, FCS
        early = due % 4
        if deficit + early > 3:
            at = due + 4 - early
            deficit += early - 4
        else:
            at = due - early
            deficit += early
    return starts


async def transmit(bench, frames):
    for data in frames:
        await bench.client_in.send(AxiStreamFrame(data))
    wire = [await bench.sent() for _ in frames]
    for frame, data in zip(wire, frames):
        check_good(frame, data)
    return wire


@cocotb.test()
async def transmits_every_length(dut):
    bench = await Bench(dut).start()
    for ifg in (12, 0):
        bench.again(ifg)
        frames = [payload(length) for length in [*range(1, 60), *LENGTHS]]
        await transmit(bench, frames)
        await bench.quiet()
        bench.expect_counts(tx_good_frame=len(frames))


@cocotb.test()
async def starts_where_the_deficit_count_says(dut):
    """From idle the first frame starts on lane 0; then every start is where the rule puts it."""
    bench = await Bench(dut).start()
    starts = []
    cocotb.start_soon(watch_starts(dut, starts))
    for ifg in (12, 8, 9, 10, 11, 13, 31):
        bench.again(ifg)
        mixed = random.Random(ifg)
        groups = [[length] * 10 for length in range(60, 92)] if ifg == 12 else []
        groups += [[mixed.randrange(60, 160) for _ in range(40)] for _ in range(4)]
        for sizes in groups:
            starts.clear()
            wire = await transmit(bench, [payload(size) for size in sizes])
            expected = expected_starts(sizes, ifg)
            assert [start - starts[0] for start in starts] == expected
            assert [frame.start_lane for frame in wire] == [at % 8 for at in expected]
            if ifg == 12:  # the whole line is used
                owed = sum(size + 4 + 20 for size in sizes[:-1])
                assert owed - 3 <= expected[-1] <= owed
            await bench.quiet()


@cocotb.test()
async def transmit_error_spoils_one_frame(dut):
    bench = await Bench(dut).start()
    frames = [payload(length) for length in (60, 60, 60, 61, 64, 68, 75, 90, 100, 20, 60)]
    marks = (None, 0, None, 7, None, 8, None, 3, None, 0, None)  # the beat with the error flag
    for data, mark in zip(frames, marks):
        flags = [int(mark is not None and index // 8 == mark) for index in range(len(data))]
        await bench.client_in.send(AxiStreamFrame(data, tuser=flags))
    for data, mark in zip(frames, marks):
        frame = await bench.sent()
        if mark is None:
            check_good(frame, data)
        else:
            check_errored(frame, data)
    await bench.quiet()
    bench.expect_counts(tx_good_frame=6, tx_error_frame=5)


async def watch_underruns(dut, underrun):
    """Collects the numbers of the frames inside which the client had no beat when one was wanted."""
    number, inside = 0, False
    while True:
        await RisingEdge(dut.tx_clk)
        if not int(dut.tx_axis_tready.value):
            continue
        if int(dut.tx_axis_tvalid.value):
            inside = not int(dut.tx_axis_tlast.value)
            number += not inside
        elif inside:
            underrun.add(number)


@cocotb.test()
async def underrun_spoils_one_frame(dut):
    """A pause of one to five cycles at every place of three frames."""
    bench = await Bench(dut).start()
    hit = set()
    for length, pause in ((60, 1), (60, 4), (85, 2), (200, 5)):
        for cycle in range(1, 3 * (length + 24) // 8):
            bench.again()
            underrun = set()
            watcher = cocotb.start_soon(watch_underruns(dut, underrun))
            frames = [payload(length, seed) for seed in range(3)]
            for data in frames:
                await bench.client_in.send(AxiStreamFrame(data))
            await ClockCycles(dut.tx_clk, cycle)
            bench.client_in.pause = True
            await ClockCycles(dut.tx_clk, pause)
            bench.client_in.pause = False
            for number, data in enumerate(frames):
                frame = await bench.sent()
                if number in underrun:
                    check_errored(frame, data, shortened=True)
                else:
                    check_good(frame, data)
            await bench.client_in.wait()  # the rest of a frame cut short is taken and dropped
            await bench.quiet()
            watcher.kill()
            assert len(underrun) <= 1
            bench.expect_counts(tx_good_frame=3 - len(underrun), tx_error_frame=len(underrun),
                                tx_error_underflow=len(underrun))
            hit |= underrun
    assert hit == {0, 1, 2}


@cocotb.test()
async def receives_every_length_and_gap(dut):
    bench = await Bench(dut).start()
    lanes = set()
    for ifg in range(13):
        bench.again(ifg)
        for deficit, offset in ((True, False), (False, False), (True, True)):
            bench.wire_in.enable_dic = deficit
            bench.wire_in.force_offset_start = offset
            frames = [payload(length) for length in LENGTHS if length < 2000 or ifg in (0, 12)]
            done = []
            for data in frames:
                await bench.wire_in.send(XgmiiFrame.from_payload(data, tx_complete=done.append))
            for data in frames:
                assert await bench.received() == (data, False)
            lanes |= {(frame.start_lane, len(frame.data) % 8) for frame in done}
            await bench.quiet()
        bench.expect_counts(rx_good_frame=3 * len(frames))
    assert len(lanes) == 16  # both lanes with every length modulo eight


def wrong_fcs(data):
    frame = XgmiiFrame.from_payload(data)
    frame.data[-1] ^= 0x80
    return frame


def with_code(data, place):
    frame = XgmiiFrame.from_payload(data)
    frame.normalize()
    frame.data[8 + place] = ERROR_CODE
    frame.ctrl[8 + place] = 1
    return frame


@cocotb.test()
async def receive_errors_spoil_one_frame(dut):
    """Between good frames, from both lanes: a bad one is flagged or leaves nothing, and is counted."""
    bad = [("rx_error_bad_fcs", wrong_fcs(payload(length))) for length in range(60, 76)]
    bad += [("rx_error_runt", XgmiiFrame.from_payload(payload(length), min_len=0)) for length in range(1, 60)]
    bad += [("rx_error_oversize", XgmiiFrame.from_payload(payload(MAX_PAYLOAD + more))) for more in (1, 2, 8, 9, 900)]
    bad += [("rx_error_code", with_code(payload(80), place)) for place in range(84)]
    bench = await Bench(dut).start()
    for offset in (False, True):
        bench.again()
        bench.wire_in.force_offset_start = offset
        expected = dict.fromkeys(PULSES, 0)
        for number, (cause, frame) in enumerate(bad):
            good = payload(60 + number % 9, number)
            await bench.wire_in.send(frame)
            await bench.wire_in.send(XgmiiFrame.from_payload(good))
            data, flagged = await bench.received()
            if flagged:
                assert bytes(frame.data[8:]).startswith(data[:-4])
                data, flagged = await bench.received()
            assert (data, flagged) == (good, False)
            for name in (cause, "rx_error_bad_frame", "rx_good_frame"):
                expected[name] += 1
        await bench.quiet()
        bench.expect_counts(**expected)


@cocotb.test()
async def passes_over_ordered_sets(dut):
    """Local and remote fault between frames (46.3.4)."""
    bench = await Bench(dut).start()
    for number, fault in enumerate((0x000001, 0x000002) * 4):
        bench.wire_in.set_seq_os(fault)
        await ClockCycles(dut.rx_clk, 5 + number)
        bench.wire_in.set_seq_os(None)
        await ClockCycles(dut.rx_clk, 3)
        await bench.wire_in.send(XgmiiFrame.from_payload(payload(70, number)))
        assert await bench.received() == (payload(70, number), False)
    await bench.quiet()
    bench.expect_counts(rx_good_frame=8)


@cocotb.test()
async def enables_hold_whole_frames(dut):
    bench = await Bench(dut).start()
    dut.cfg_tx_enable.value = 0
    dut.cfg_rx_enable.value = 0
    await bench.client_in.send(AxiStreamFrame(payload(100)))
    await bench.wire_in.send(XgmiiFrame.from_payload(payload(101)))
    await ClockCycles(dut.tx_clk, 60)
    await bench.quiet()
    bench.expect_counts()
    dut.cfg_rx_enable.value = 1
    dut.cfg_tx_enable.value = 1
    await bench.wire_in.send(XgmiiFrame.from_payload(payload(102)))
    check_good(await bench.sent(), payload(100))
    assert await bench.received() == (payload(102), False)
    await bench.quiet()
    bench.expect_counts(tx_good_frame=1, rx_good_frame=1)


@cocotb.test()
async def reset_inside_frames(dut):
    bench = await Bench(dut).start()
    for cycle in range(1, 40):
        await bench.client_in.send(AxiStreamFrame(payload(150)))
        await bench.wire_in.send(XgmiiFrame.from_payload(payload(150)))
        await ClockCycles(dut.rx_clk, cycle)
        await bench.reset()
        for model in (bench.client_in, bench.wire_in, bench.client_out, bench.wire_out):
            model.clear()
        await bench.quiet()
        await bench.client_in.send(AxiStreamFrame(payload(77)))
        await bench.wire_in.send(XgmiiFrame.from_payload(payload(78)))
        check_good(await bench.sent(), payload(77))
        assert await bench.received() == (payload(78), False)
        await bench.quiet()


@cocotb.test()
async def both_ways_at_once(dut):
    bench = await Bench(dut).start()
    dice = random.Random(5)
    out = [payload(dice.randrange(60, 1514), 1) for _ in range(150)]
    back = [payload(dice.randrange(60, 1514), 2) for _ in range(150)]

    async def receive():
        for data in back:
            assert await bench.received() == (data, False)

    for data in back:
        await bench.wire_in.send(XgmiiFrame.from_payload(data))
    await Combine(cocotb.start_soon(transmit(bench, out)), cocotb.start_soon(receive()))
    await bench.quiet()
    bench.expect_counts(tx_good_frame=150, rx_good_frame=150)
