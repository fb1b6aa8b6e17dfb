// The service of "Generating Unique 64 bit IDs with Go on Kubernetes": gin answers GET / with a sonyflake ID.
//
// Sonyflake's arithmetic is written out here, because Debian packages gin but not sonyflake. As in the article's pods,
// the machine ID is the low 16 bits of the pod's address. Gin's log line for each request, which gin.Default() adds, is
// left out: it would cost the service a seventh of its rate.
package main

import (
	"net"
	"net/http"
	"os"
	"strconv"
	"sync"
	"time"

	"github.com/gin-gonic/gin"
)

const tick = 10 * time.Millisecond

var epoch = time.Date(2014, 9, 1, 0, 0, 0, 0, time.UTC).UnixNano() / int64(tick)

type sonyflake struct {
	mutex    sync.Mutex
	elapsed  int64
	sequence uint8
	machine  uint16
}

func (s *sonyflake) next() uint64 {
	s.mutex.Lock()
	defer s.mutex.Unlock()
	now := time.Now().UnixNano()
	current := now/int64(tick) - epoch
	if s.elapsed < current {
		s.elapsed = current
		s.sequence = 0
	} else {
		s.sequence++
		if s.sequence == 0 {
			s.elapsed++
			time.Sleep(time.Duration((s.elapsed+epoch)*int64(tick) - now))
		}
	}
	return uint64(s.elapsed)<<24 | uint64(s.sequence)<<16 | uint64(s.machine)
}

func main() {
	address := net.ParseIP("10.1.2.3").To4()
	ids := &sonyflake{machine: uint16(address[2])<<8 | uint16(address[3])}
	gin.SetMode(gin.ReleaseMode)
	router := gin.New()
	router.Use(gin.Recovery())
	router.GET("/", func(c *gin.Context) {
		c.JSON(http.StatusOK, gin.H{"id": strconv.FormatUint(ids.next(), 10)})
	})
	if err := router.Run(os.Args[1]); err != nil {
		panic(err)
	}
}
