// The host build's devices without Node.js, for the thread sanitizer, which node cannot be run under: several environments that open, ask,
// cancel and close at once, while the machine is changed beneath them. scripts/lib/addon-stress.mjs builds and runs it:
//   device_stress TABLE CENSUS HELLO ROUNDS SEED      files of bytes, and numbers
// Ends with 0 when every request settled exactly once.
#include <atomic>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <iterator>
#include <memory>
#include <random>
#include <string>
#include <thread>
#include <vector>

#include "../../../native/host/machine_host.h"
#include "../../../native/inbox.h"

namespace
{

using namespace trustlet;

constexpr int ENVIRONMENTS = 4;
constexpr std::uint32_t HELLO = 0x8e546404; // docs/protocol.md
constexpr std::uint32_t CENSUS = 0x8e54640c;

std::vector<std::uint8_t> read(const char *path)
{
    std::ifstream file(path, std::ios::binary);
    return std::vector<std::uint8_t>(std::istreambuf_iterator<char>(file), {});
}

Bytes bytes_of(std::vector<std::uint8_t> &all)
{
    return {all.data(), static_cast<std::uint32_t>(all.size())};
}

struct Tally
{
    std::atomic<unsigned> started{0};
    std::atomic<unsigned> settled{0};
    std::atomic<unsigned> cancelled{0};
    std::atomic<unsigned> answered{0};
};

// One environment: what addon.cc does on JavaScript's thread, at random.
void run(std::vector<std::uint8_t> census, std::vector<std::uint8_t> hello, unsigned rounds, unsigned seed,
         Tally &tally)
{
    std::mt19937 random(seed);
    Inbox inbox;
    const auto devices =
        make_devices([&inbox](std::shared_ptr<Request> request) { (void)inbox.put(std::move(request)); });
    const auto drain = [&]
    {
        while (const std::shared_ptr<Request> request = inbox.take())
        {
            tally.settled += 1;
            tally.cancelled += request->result == failure(STATUS_CANCELLED_HERE) ? 1 : 0;
            tally.answered += request->result > 0 ? 1 : 0;
        }
    };
    for (unsigned round = 0; round < rounds; ++round)
    {
        std::vector<std::unique_ptr<Device>> open;
        std::vector<std::pair<Device *, std::shared_ptr<Request>>> requests;
        for (unsigned count = 1 + random() % 3; count > 0; --count)
            if (Opening opening = devices->open(u"\\\\.\\Trustlet"); opening.device != nullptr)
                open.push_back(std::move(opening.device));
        for (unsigned step = 0; step < 30 && !open.empty(); ++step)
        {
            Device &device = *open[random() % open.size()];
            std::uint8_t reply[72];
            const bool long_one = random() % 2 == 0;
            switch (random() % 5)
            {
            case 0:
                (void)device.ioctl(HELLO, bytes_of(hello), {reply, sizeof reply});
                break;
            case 1:
                if (!requests.empty())
                {
                    const auto &chosen = requests[random() % requests.size()];
                    chosen.first->cancel(*chosen.second);
                }
                break;
            case 2:
                if (random() % 8 == 0)
                    device.close();
                drain();
                break;
            default:
                tally.started += 1;
                requests.emplace_back(&device, long_one ? device.start(CENSUS, bytes_of(census), 65536)
                                                        : device.start(HELLO, bytes_of(hello), sizeof reply));
            }
        }
        open.clear(); // with requests in flight
        drain();
    }
}

} // namespace

int main(int count, char **arguments)
{
    if (count != 6)
        return 2;
    std::vector<std::uint8_t> table = read(arguments[1]);
    const std::vector<std::uint8_t> census = read(arguments[2]);
    const std::vector<std::uint8_t> hello = read(arguments[3]);
    const auto rounds = static_cast<unsigned>(std::atoi(arguments[4]));
    const auto seed = static_cast<unsigned>(std::atoi(arguments[5]));
    if (const char *why = host::boot(bytes_of(table)))
    {
        (void)std::fprintf(stderr, "%s\n", why);
        return 1;
    }
    Tally tally;
    std::atomic<bool> ended{false};
    std::thread changes(
        [&]
        {
            for (unsigned turn = 0; !ended.load(); ++turn)
            {
                std::this_thread::sleep_for(std::chrono::milliseconds(3));
                (void)host::requests_in_flight();
                (void)host::open_devices();
                if (turn % 8 == 7)
                    (void)host::boot(bytes_of(table));
            }
        });
    std::vector<std::thread> environments;
    for (unsigned each = 0; each < ENVIRONMENTS; ++each)
        environments.emplace_back(run, census, hello, rounds, seed + each, std::ref(tally));
    for (std::thread &each : environments)
        each.join();
    ended = true;
    changes.join();
    const std::string complaints = host::shutdown();
    const unsigned started = tally.started;
    const unsigned settled = tally.settled;
    const unsigned cancelled = tally.cancelled;
    const unsigned answered = tally.answered;
    (void)std::printf(
        "# %u requests of %d environments under the thread sanitizer, seed %u: %u answered, %u cancelled\n", settled,
        ENVIRONMENTS, seed, answered, cancelled);
    (void)std::fputs(complaints.c_str(), stderr);
    return started == settled && answered > 0 && cancelled > 0 && complaints.empty() ? 0 : 1;
}
